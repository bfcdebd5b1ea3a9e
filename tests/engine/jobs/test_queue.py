"""JobQueue keeps its promises whatever is asked of it in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from orfeas_desktop.engine.jobs.queue import Cancellation, JobQueue, sources_of
from orfeas_desktop.register import Lane, Table
from orfeas_desktop.requests import FromJob, Job, JobRequest, JobState

LANES = {"a": Lane.cpu, "b": Lane.cpu, "c": Lane.gpu, "d": Lane.network}


def job(*sources: str, priority: int = 0) -> Job:
    inputs = {"one": tuple(FromJob(source, "file") for source in sources)}
    return Job(JobRequest(Table.tools, "write", 1, {}, inputs), "Write", priority=priority)


def offered(queue: JobQueue, key: str, priority: int = 0) -> Job:
    one = job(priority=priority)
    queue.add(one, Lane.cpu)
    queue.offer(one.id, key)
    return one


def test_order_is_priority_then_arrival() -> None:
    queue = JobQueue()
    low, first, second, high = (
        offered(queue, key, rank) for key, rank in zip("abcd", (-1, 0, 0, 5), strict=True)
    )
    assert queue.waiting() == (high, first, second, low)
    queue.reprioritise(low.id, 6)
    assert queue.take(Lane.cpu) == (low,)
    assert queue.take(Lane.cpu) == ()
    assert not queue.reprioritise(low.id, 9)
    assert queue.finish(Lane.cpu) == (low,)
    queue.end(low.id, JobState.done)
    assert queue.take(Lane.cpu) == (high,)


def test_a_run_goes_as_early_as_its_most_urgent_job() -> None:
    queue = JobQueue()
    calm, other, urgent = offered(queue, "same"), offered(queue, "other"), offered(queue, "same", 1)
    assert queue.take(Lane.cpu) == (urgent, calm)
    assert queue.waiting() == (other,)


def test_nobody_joins_what_is_being_stopped() -> None:
    queue = JobQueue()
    first = offered(queue, "same")
    queue.take(Lane.cpu)
    joined = offered(queue, "same")
    assert queue.state(joined.id) is JobState.running
    assert queue.cancel(first.id) is Cancellation.ended
    queue.end(first.id, JobState.cancelled)
    assert queue.cancel(joined.id) is Cancellation.stopping
    assert queue.cancel(joined.id) is Cancellation.nothing
    late = offered(queue, "same")
    assert queue.state(late.id) is JobState.waiting
    assert queue.finish(Lane.cpu) == (joined,)


def test_a_job_that_ended_may_come_again() -> None:
    queue = JobQueue()
    one = offered(queue, "a")
    assert not queue.add(one, Lane.cpu)
    queue.end(one.id, JobState.failed)
    assert queue.add(one, Lane.cpu)
    assert queue.state(one.id) is JobState.waiting
    assert queue.state("nobody") is None
    assert queue.lane("nobody") is None


def test_ending_names_those_who_take_its_files() -> None:
    queue = JobQueue()
    source = offered(queue, "a")
    takers = [job(source.id, source.id), job(source.id)]
    for taker in takers:
        queue.add(taker, Lane.gpu)
    assert list(sources_of(takers[0])) == [source.id] * 2
    queue.end(takers[1].id, JobState.cancelled)
    assert queue.end(source.id, JobState.done) == (takers[0],)


@dataclass
class Seen:
    job: Job
    key: str
    order: int
    priority: int
    offered: bool = False
    state: JobState = JobState.waiting
    stopping: bool = False
    sources: set[str] = field(default_factory=set)


class QueueMachine(RuleBasedStateMachine):
    """A naive list of jobs says what the queue must say."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.queue = JobQueue()
        self.seen: dict[str, Seen] = {}
        self.live: dict[str, Seen] = {}
        self.busy: set[Lane] = set()

    @rule(
        target=jobs,
        key=st.sampled_from("abcd"),
        priority=st.integers(-1, 1),
        sources=st.lists(jobs, max_size=2),
    )
    def add(self, key: str, priority: int, sources: list[Seen]) -> Seen:
        one = job(*(source.job.id for source in sources), priority=priority)
        assert self.queue.add(one, LANES[key])
        seen = Seen(one, key, len(self.seen), priority, sources={source.job.id for source in sources})
        self.seen[one.id] = self.live[one.id] = seen
        return seen

    @rule(target=jobs, seen=consumes(jobs))
    def offer(self, seen: Seen) -> Seen:
        if seen.job.id in self.live and not seen.offered:
            joins = any(
                other.key == seen.key and other.state is JobState.running and not other.stopping
                for other in self.live.values()
            )
            assert self.queue.offer(seen.job.id, seen.key) == joins
            seen.offered = True
            seen.state = JobState.running if joins else JobState.waiting
        return seen

    @rule(lane=st.sampled_from(list(Lane)))
    def take(self, lane: Lane) -> None:
        ready = [
            seen
            for seen in self.live.values()
            if seen.offered and seen.state is JobState.waiting and LANES[seen.key] is lane
        ]
        ready.sort(key=lambda seen: (-seen.priority, seen.order))
        expected = [] if lane in self.busy or not ready else [one for one in ready if one.key == ready[0].key]
        assert self.queue.take(lane) == tuple(seen.job for seen in expected)
        for seen in expected:
            seen.state = JobState.running
        if expected:
            self.busy.add(lane)

    @rule(lane=st.sampled_from(list(Lane)), state=st.sampled_from([JobState.done, JobState.failed]))
    def finish(self, lane: Lane, state: JobState) -> None:
        finished = {one.id for one in self.queue.finish(lane)}
        running = {
            s.job.id for s in self.live.values() if s.state is JobState.running and LANES[s.key] is lane
        }
        assert finished == running
        self.busy.discard(lane)
        for job_id in finished:
            stopping = self.live[job_id].stopping
            assert self.queue.stopping(job_id) == stopping
            self.end(job_id, JobState.cancelled if stopping else state)

    @rule(target=jobs, seen=consumes(jobs))
    def cancel(self, seen: Seen) -> Seen:
        lane = LANES[seen.key]
        companions = [s for s in self.live.values() if s.state is JobState.running and LANES[s.key] is lane]
        match self.queue.cancel(seen.job.id):
            case Cancellation.nothing:
                assert seen.job.id not in self.live or seen.stopping
            case Cancellation.stopping:
                assert companions == [seen]
                seen.stopping = True
            case Cancellation.ended:
                assert seen.state is JobState.waiting or len(companions) > 1
                self.end(seen.job.id, JobState.cancelled)
        return seen

    @rule(target=jobs, seen=consumes(jobs), priority=st.integers(-2, 2))
    def reprioritise(self, seen: Seen, priority: int) -> Seen:
        waits = seen.job.id in self.live and seen.state is JobState.waiting
        assert self.queue.reprioritise(seen.job.id, priority) == waits
        if waits:
            seen.priority = priority
        return seen

    def end(self, job_id: str, state: JobState) -> None:
        takers = {one.id for one in self.queue.end(job_id, state)}
        assert takers == {s.job.id for s in self.live.values() if job_id in s.sources and s.job.id != job_id}
        self.live.pop(job_id).state = state

    @invariant()
    def everything_is_where_it_should_be(self) -> None:
        for job_id, seen in self.seen.items():
            assert self.queue.state(job_id) is seen.state
            assert self.queue.lane(job_id) is (LANES[seen.key] if job_id in self.live else None)
        waiting = [seen for seen in self.live.values() if seen.state is JobState.waiting]
        waiting.sort(key=lambda seen: (-seen.priority, seen.order))
        assert self.queue.waiting() == tuple(seen.job for seen in waiting)
        for lane in Lane:
            keys = {self.seen[one.id].key for one in self.queue.running(lane)}
            assert len(keys) <= 1, "one run at a time in each lane"


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=40)
