"""The play of scripts/demo: a small real deployment, a killed master, a timeline.

The actors are in stage.py. Here: Screen, Failover (turns reports into rows), Demo (the play).
"""

import argparse
import os
import queue
import signal
import sys
import time

from stage import GROUP, HOST, QUORUM, WHERE, DemoError, Stage, Subscriber, Writer, ask, fields

START_LIMIT_S = 30  # until everybody knows everybody
FAILOVER_LIMIT_S = 75  # after down-after: a split vote of the stock Sentinel costs 50 s
RETURN_LIMIT_S = 60  # old master back: the stock Sentinel takes 10 to 20 s
REVIVE_AFTER_S = 5  # playing: bystanders that were killed or stopped come back by themselves
LOG_TAIL, SERVER_LOG_TAIL = 20, 8  # lines shown after a failure


class Screen:
    """Plain aligned text; colour when a person looks at it."""

    def __init__(self):
        self.colour = (sys.stdout.isatty() and "NO_COLOR" not in os.environ
                       and os.environ.get("TERM") != "dumb")

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour and text else text

    def bold(self, text):
        return self.paint("1", text)

    def dim(self, text):
        return self.paint("2", text)

    def say(self, text=""):
        print(text.rstrip(), flush=True)

    def step(self, ms, what, detail, important=False):
        what = f"{what:<23}"
        self.say(f"  {ms:>7.0f}  {self.paint('1;32', what) if important else what}"
                 f"{self.dim(detail)}")


class Failover:
    """One failover from its cause to the old master's return, told in rows as it happens."""

    SEEN_DOWN = ("sdown", "odown")
    REPLACED = ("elected", "promoted", "first write", "all sentinels name it", "replicas following")

    def __init__(self, stage, writer, screen, old, t0):
        self.stage, self.writer, self.screen = stage, writer, screen
        self.old, self.new, self.t0 = old, None, t0
        self.steps = self.REPLACED  # all of these make a complete failover
        self.seen = {}  # step -> ms since t0
        self.switched = {}  # sentinel -> ms since t0
        self.epochs = {}  # sentinel -> epoch as last told
        self.gap_ms = None  # between the last write on the old master and the first on the new
        self.limit = t0 + stage.options.down_after / 1000 + FAILOVER_LIMIT_S
        self.replaced = self.replaced_again = self.back = False

    def ms(self, t):
        return (t - self.t0) * 1000

    def step(self, what, t, detail, important=False):
        if what not in self.seen:
            self.seen[what] = self.ms(t)
            self.screen.step(self.seen[what], what, detail, important)

    def take(self, report):
        t, who, what, text = report
        words = text.split()
        if t < self.t0:
            return
        of_old = words[:4] == ["master", GROUP, HOST, str(self.old.port)]
        if what in ("+sdown", "+odown") and of_old:
            agreed = f", {words[5]} agree" if what == "+odown" and len(words) > 5 else ""
            self.step(what[1:], t, f"{who.name} first{agreed}")
        elif what == "+new-epoch":
            self.epochs[who] = text
        elif what == "+elected-leader":
            epoch = f", epoch {self.epochs[who]}" if who in self.epochs else ""
            self.step("elected", t, who.name + epoch)
        elif what == "+promoted-slave":
            self.turn_to(words[3], t, who)
            self.step("promoted", t, self.new.address)
        elif what == "+switch-master":
            self.turn_to(words[4], t, who)
            self.switched[who] = self.ms(t)
            if all(s in self.switched for s in self.stage.sentinels if s.awake):
                told = ", ".join(f"{ms:.0f}" for ms in sorted(self.switched.values()))
                self.step("all sentinels name it", t, f"+switch-master at {told}")
        elif what == "WRITTEN" and who is not self.old:
            self.gap_ms = self.gap_ms or float(text)
            self.step("first write", t, f"accepted by {who.address}", important=True)
        elif what.startswith("-failover-abort"):
            self.screen.step(self.ms(t), "aborted", f"{what} at {who.name}")

    def turn_to(self, port, t, sentinel):
        before, self.new = self.new, self.stage.by_port(port)
        if before not in (None, self.new):
            self.replaced_again = True
            self.screen.step(self.ms(t), "replaced once more",
                             f"by {self.new.address}, says {sentinel.name}")
        self.writer.look_again()

    def missing(self):
        return [s for s in self.steps if s not in self.seen]

    def look(self):
        """What no event tells is asked from the servers."""
        if self.new and "replicas following" not in self.seen:
            others = [s for s in self.stage.servers if s not in (self.old, self.new) and s.awake]
            if all(self.follows(s) for s in others):
                self.step("replicas following", time.monotonic(),
                          ", ".join(s.address for s in others) or "none is left")
        if not self.replaced and not self.missing():
            self.replaced = True
            self.limit = time.monotonic() + RETURN_LIMIT_S
            if not self.old.awake:
                how = "continued" if self.old.stopped else "restarted"
                self.old.revive()
                self.step(f"old master {how}", time.monotonic(), f"pid {self.old.pid}")
        if self.replaced and self.follows(self.old):
            self.back = True
            self.step("old master back", time.monotonic(), f"{self.old.address} is a replica")
        elif time.monotonic() > self.limit:
            raise DemoError("not within the time limit: "
                            + ", ".join(self.missing() or ["old master back as a replica"]))

    def follows(self, server):
        role = ask(server.port, "ROLE", timeout=0.2)
        return bool(role) and role[0] == "slave" and role[2:4] == [self.new.port, "connected"]


class Demo:
    def __init__(self, options):
        self.options = options
        self.screen = Screen()
        self.stage = Stage(options)
        self.subscribers = [Subscriber(s) for s in self.stage.sentinels]
        self.writer = Writer(self.stage)
        self.master = self.stage.servers[0]
        self.failover = None
        self.playing = False
        self.revive_at = {}  # process -> when

    # Starting

    def start(self):
        noun, say = self.stage.noun, self.screen.say
        say(self.screen.bold(f"1 master, 2 replicas, 3 {noun}s") + f", quorum {QUORUM}, "
            f"down-after {self.options.down_after} ms")
        began = time.monotonic()
        for server in self.stage.servers:
            server.start()
        self.wait_for("replication", self.servers_unready)
        replicated = time.monotonic()
        for sentinel in self.stage.sentinels:
            sentinel.start()
        for subscriber in self.subscribers:
            subscriber.start()
        self.wait_for("all know each other", self.sentinels_unready)
        known = time.monotonic()
        self.wait_for("subscriptions", lambda: not all(s.ready.is_set() for s in self.subscribers)
                      and "not all sentinels accepted PSUBSCRIBE")
        self.writer.start()
        self.wait_for("writes", lambda: self.writer.accepted < 100
                      and f"{self.writer.accepted} accepted so far")
        self.show_topology()
        say(self.screen.dim(f"Replication took {replicated - began:.1f} s, until all knew each "
                            f"other {known - replicated:.1f} s. A client is writing."))

    def wait_for(self, what, reason_to_wait):
        """Until there is no reason to wait any more; the last one goes into the error."""
        deadline = time.monotonic() + START_LIMIT_S
        while reason := reason_to_wait():
            for process in self.stage.processes:
                if process.end:
                    raise DemoError(f"{process.name} {process.end}")
            if time.monotonic() > deadline:
                raise DemoError(f"{what}: not within {START_LIMIT_S} s; {reason}")
            time.sleep(0.02)

    def servers_unready(self):
        for server in self.stage.servers:
            role = ask(server.port, "ROLE")
            wanted = "master" if server is self.master else "connected"
            if not role or wanted not in role:
                return f"{server.name} says {role} about its role"
        return None

    def sentinels_unready(self):
        for sentinel in self.stage.sentinels:
            master = fields(ask(sentinel.port, "SENTINEL", "MASTER", GROUP))
            view = [master.get(k) for k in ("flags", "num-slaves", "num-other-sentinels")]
            if view != ["master", "2", "2"]:
                return f"{sentinel.name} shows flags, replicas and peers of the master as {view}"
            for kind, good in (("REPLICAS", "slave"), ("SENTINELS", "sentinel")):
                for node in map(fields, ask(sentinel.port, "SENTINEL", kind, GROUP) or [None]):
                    if node.get("flags") != good or node.get("master-link-status", "ok") != "ok":
                        return f"{sentinel.name} sees {node}"
        return None

    def show_topology(self):
        self.screen.say()
        for server in self.stage.servers:
            role = ask(server.port, "ROLE")
            if server is self.master:
                self.show_process("master", server, f"{len(role[2])} replicas attached")
            else:
                self.show_process("replica", server, f"{role[3]} to {role[1]}:{role[2]}")
        for sentinel in self.stage.sentinels:
            master = fields(ask(sentinel.port, "SENTINEL", "MASTER", GROUP))
            quorum = ask(sentinel.port, "SENTINEL", "CKQUORUM", GROUP) or ""
            self.show_process(sentinel.name, sentinel,
                              f"knows {master['num-slaves']} replicas, "
                              f"{master['num-other-sentinels']} peers, "
                              + ("quorum ok" if quorum.startswith("OK") else "no quorum"))
        self.screen.say()

    def show_process(self, kind, process, detail):
        self.screen.say(f"  {kind:<12}{process.address:<17}pid {process.pid:<9}"
                        + self.screen.dim(detail))

    # Failovers

    def fell(self, what, old, t0, detail):
        """The master was killed or hung; from here on a failover is under way."""
        self.failover = Failover(self.stage, self.writer, self.screen, old, t0)
        self.failover.steps = Failover.SEEN_DOWN + Failover.REPLACED
        self.screen.say("\n" + self.screen.bold(f"The master was {what}; milliseconds since then"))
        self.failover.step(what, t0, detail)

    def moves(self, sentinel, t0):
        """A failover that began without our seeing a cause; most likely by command."""
        self.failover = Failover(self.stage, self.writer, self.screen, self.master, t0)
        self.screen.say("\n" + self.screen.bold("A failover began; milliseconds since then"))
        self.failover.step("began", t0, f"at {sentinel.name}")

    def strike(self):
        """Does to the master what the demo is about."""
        t0 = time.monotonic()
        self.master.signal(signal.SIGSTOP if self.options.hang else signal.SIGKILL)
        how = "by SIGSTOP" if self.options.hang else "by SIGKILL"
        self.fell("hung" if self.options.hang else "killed", self.master, t0,
                  f"{self.master.address}, pid {self.master.pid}, {how}")

    def take(self, report):
        t, who, what, text = report
        if what in ("GONE", "STOPPED"):
            if self.playing and who is self.master and not self.failover:
                self.fell("killed" if what == "GONE" else "hung", who, t,
                          f"{who.address}, pid {who.pid}, {text}")
            elif self.failover and who is self.failover.old:
                return  # it comes back when it is replaced
            else:
                self.revive_at[who] = t + REVIVE_AFTER_S
                self.screen.say(self.screen.dim(f"{who.name}, {who.address}, pid {who.pid}: "
                                                + text))
        elif what == "+try-failover" and not self.failover:
            self.moves(who, t)
        elif self.failover:
            self.failover.take(report)

    def pump(self, seconds):
        """Handles what is reported for some time, then looks around."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.take(self.stage.reports.get(timeout=left))
            except queue.Empty:
                break
        for process, when in list(self.revive_at.items()):
            if time.monotonic() > when:
                del self.revive_at[process]
                if not process.awake:
                    process.revive()
                    self.screen.say(self.screen.dim(f"{process.name} is back, pid {process.pid}"))

    def follow(self):
        """Until the failover under way is complete, the old master's return included."""
        failover = self.failover
        try:
            while not failover.back:
                self.pump(0.01)
                failover.look()
        finally:
            self.failover = None
        self.master = failover.new
        if failover.replaced_again:
            raise DemoError("the master was replaced more than once")
        named = self.stage.named_masters()
        if set(named) != {str(self.master.port)}:
            raise DemoError(f"the {self.stage.noun}s name masters at ports {', '.join(named)}")
        gap = f"{failover.gap_ms:.0f} ms"
        over = failover.gap_ms - self.options.down_after
        extra = f", {over:.0f} more than down-after" if "sdown" in failover.seen else ""
        self.screen.say(f"\nThe client could not write for {self.screen.bold(gap)}{extra}.")

    # Playing

    def show_hints(self):
        port, group = self.stage.sentinels[0].port, GROUP
        folder = self.stage.folder
        cli = f"redis-cli -p {port}"
        hints = [
            (f"{cli} sentinel get-master-addr-by-name {group}", "what clients ask"),
            (f"{cli} sentinel masters", "all about the master"),
            (f"{cli} sentinel replicas {group}", "all about its replicas"),
            (f"{cli} sentinel ckquorum {group}", "could it be replaced now?"),
            (f"{cli} psubscribe '*'", "every event"),
            (f"{cli} sentinel failover {group}", "hand over without need"),
            (f"kill -9 {self.master.pid}", "kill the master again"),
            (f"kill -STOP {self.master.pid}", "hang it"),
            (f"kill -9 {self.stage.sentinels[0].pid}", f"kill {self.stage.sentinels[0].name}"),
            (f"tail -f {folder}/{self.stage.noun}-*/*.log", "what they log"),
        ]
        width = max(len(command) for command, _ in hints) + 2
        self.screen.say("\n" + self.screen.bold("All of it stays up until Ctrl-C.")
                        + " To try in another terminal:\n")
        for command, why in hints:
            self.screen.say(f"  {command:<{width}}{self.screen.dim(why)}")
        self.screen.say("\n" + self.screen.dim(
            "Every failover shows its timeline here. What you kill or hang comes back by itself."))

    def play(self):
        self.playing = True
        while True:
            self.pump(0.1)
            if self.failover:
                old = self.failover.old
                try:
                    self.follow()
                except DemoError as error:
                    self.screen.say(f"  {error}")
                    self.master = self.stage.master() or self.master
                if not old.awake:
                    old.revive()
                self.screen.say(f"The master is {self.master.address} now, pid {self.master.pid}.")

    # Ending

    def diagnose(self, error):
        lines = ["", f"demo: {error}", ""]
        for process in self.stage.processes:
            view = ask(process.port, *(("ROLE",) if process in self.stage.servers else WHERE))
            lines.append(f"  {process.name:<12}{process.address:<17}{process.state()}; says {view}")
        for process in self.stage.processes:
            tail = SERVER_LOG_TAIL if process in self.stage.servers else LOG_TAIL
            for path in (process.log, process.output):
                text = path.read_text(errors="replace").splitlines() if path.exists() else []
                if text:
                    lines += ["", f"the end of {path.relative_to(self.stage.folder)}:"]
                    lines += ["  " + line for line in text[-tail:]]
        print("\n".join(lines), file=sys.stderr, flush=True)

    def run(self):
        status = 1
        try:
            self.start()
            self.strike()
            self.follow()
            if not self.options.once:
                self.show_hints()
                self.play()
            status = 0
        except DemoError as error:
            self.diagnose(error)
        except KeyboardInterrupt:
            status = 0 if self.playing else 130
        except BrokenPipeError:  # nobody reads any more
            sys.stdout = open(os.devnull, "w", encoding="ascii")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self.writer.finished = True
            for process in self.stage.stop():
                print(f"demo: {process.name} did not stop cleanly: {process.end}", file=sys.stderr)
                status = status or 1
            if self.options.keep:
                print(f"Kept: {self.stage.folder}", flush=True)
            else:
                self.stage.remove()
        return status


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", add_help=False)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--hang", action="store_true")
    parser.add_argument("--down-after", type=int, default=1000)
    parser.add_argument("--make", choices=("vedette", "stock"), default="vedette")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--vedette", help="the daemon's path")
    options = parser.parse_args()

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        demo = Demo(options)
    except DemoError as error:
        sys.exit(f"demo: {error}")
    sys.exit(demo.run())


if __name__ == "__main__":
    main()
