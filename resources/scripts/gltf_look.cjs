// Run by node: FILE [FOLDER…]. Prints the report of Khronos's gltf-validator, where a folder of modules holds it.
const fs = require('fs');
const path = require('path');

const [file, ...folders] = process.argv.slice(2);
const beside = path.join(path.dirname(process.execPath), '..', 'lib', 'node_modules');
const places = [...folders, beside, '/usr/local/lib/node_modules', '/usr/lib/node_modules'];
if (process.env.APPDATA) places.push(path.join(process.env.APPDATA, 'npm', 'node_modules'));

function validator() {
  for (const place of ['gltf-validator', ...places.map(each => path.join(each, 'gltf-validator'))]) {
    try {
      return require(place);
    } catch (problem) {
      if (problem.code !== 'MODULE_NOT_FOUND') throw problem;
    }
  }
  return null;
}

function resource(uri) {
  return fs.promises.readFile(path.join(path.dirname(file), decodeURIComponent(uri))).then(data => new Uint8Array(data));
}

const found = validator();
if (found === null) {
  console.log(JSON.stringify({missing: true}));
} else {
  const options = {uri: path.basename(file), maxIssues: 100, externalResourceFunction: resource};
  found.validateBytes(new Uint8Array(fs.readFileSync(file)), options)
    .then(report => console.log(JSON.stringify(report)));
}
