# SPDX-License-Identifier: MIT
#
# gdb commands for green threads, on a running process and on a core file:
#
#   (gdb) source tools/gdb/tendril.py
#   (gdb) info greenlets          every green thread of every hub: id, name, state, where it was spawned
#   (gdb) greenlet N bt           the calls in which number N stopped
#   (gdb) greenlet N              selects it: bt, up, frame, info locals show its frames, from #1 on
#   (gdb) greenlet off            back to the OS thread's own frames
#
# Green threads are found through tendril::detail::all_hubs, by offsets that the library itself keeps there
# (src/hub/inspect/debug_layout.cpp): that needs the symbol table but no debug information. Files and lines in a backtrace need
# -g1, local variables -g. A selected one is shown in place of the selected OS thread's frames: a gdb unwinder answers
# that the caller of frame #0 is where the green thread stopped. No register or memory of the process is written.
#
# A core file must come from the kernel (ulimit -c unlimited, kill -ABRT): gdb's own gcore stops reading at the first
# guard page where the kernel has guards without mappings (6.13), and leaves the stacks out.
#
# Not with a library built for Boost.Context (bt says so), and without the raw contexts inside a green thread that do
# not run.

import struct

import gdb
import gdb.unwinder

VERSION = 0x74656E6472696C02
FIELDS = """version fields
    heartbeat.next heartbeat.hub heartbeat.os_serial heartbeat.kernel_thread
    hub.os hub.current hub.main hub.callback_fiber os.stacks
    pool.chunks chunk.base chunk.size chunk.guard chunk.live chunk.first_colour top.sizeof top.owner
    pool.colours pool.colour_step
    fiber.sp fiber.fp fiber.pc fiber.id fiber.spawner fiber.waiter fiber.started fiber.ended fiber.file fiber.line
    fiber.record fiber.timer
    waiter.what waiter.outcome record.name""".split()
UNARMED = 0xFFFFFFFF
REGISTERS = {"x86-64": ("rsp", "rbp", "rip"), "aarch64": ("sp", "x29", "pc")}


class Memory:
    """The inferior's memory, as plain words."""

    def bytes(self, at, size):
        return bytes(gdb.selected_inferior().read_memory(at, size))

    def u64(self, at):
        return struct.unpack("=Q", self.bytes(at, 8))[0]

    def u32(self, at):
        return struct.unpack("=I", self.bytes(at, 4))[0]

    def u8(self, at):
        return self.bytes(at, 1)[0]

    def text(self, at, limit=512):
        """A C string; what cannot be read is left out."""
        out = b""
        try:
            while at and len(out) < limit and (byte := self.bytes(at + len(out), 1)) != b"\0":
                out += byte
        except gdb.MemoryError:
            out += b"..."
        return out.decode("utf-8", "replace")

    def string(self, at):
        """A std::string of libstdc++."""
        return self.bytes(self.u64(at), min(self.u64(at + 8), 512)).decode("utf-8", "replace")


memory = Memory()


class Greenlet:
    def __init__(self, layout, at, hub):
        self.layout, self.at, self.hub = layout, at, hub
        self.id = memory.u64(at + layout["fiber.id"])
        self.runs = hub.current == at
        self.is_main = hub.main == at
        self.is_callbacks = hub.callback_fiber == at
        self.started = memory.u8(at + layout["fiber.started"]) != 0

    def name(self):
        record = memory.u64(self.at + self.layout["fiber.record"])
        return memory.string(record + self.layout["record.name"]) if record else ""

    def waits_in(self):
        waiter = memory.u64(self.at + self.layout["fiber.waiter"])
        if waiter == 0 or memory.u8(waiter + self.layout["waiter.outcome"]) != 0:
            return None
        return memory.text(memory.u64(waiter + self.layout["waiter.what"]))

    def begun(self):
        return memory.u64(self.at + self.layout["fiber.waiter"]) != 0 or (self.started and not self.is_callbacks)

    def state(self):
        waits = self.waits_in()
        if waits is not None:
            return f"waits in {waits}" + (", and polls for all" if self.runs else "")
        if memory.u32(self.at + self.layout["fiber.timer"]) != UNARMED:
            return "waits for its start"
        return "runs" if self.runs else "is ready" if self.begun() else "is ready to begin"

    def origin(self):
        if self.is_main:
            return "the main one"
        if self.is_callbacks:
            return "the hub's own for callbacks"
        file = memory.text(memory.u64(self.at + self.layout["fiber.file"]))
        line = memory.u32(self.at + self.layout["fiber.line"])
        place = f" at {file}:{line}" if file else ""
        return f"spawned{place} by {memory.u64(self.at + self.layout['fiber.spawner'])}"

    def registers(self):
        """Where it stopped: sp, fp, pc."""
        return tuple(memory.u64(self.at + self.layout[f"fiber.{name}"]) for name in ("sp", "fp", "pc"))

    def __str__(self):
        name = self.name()
        return f"{self.id}{f' {chr(34)}{name}{chr(34)}' if name else ''} {self.state()}, {self.origin()}"


class Hub:
    def __init__(self, layout, heartbeat):
        self.layout = layout
        self.at = memory.u64(heartbeat + layout["heartbeat.hub"])
        self.serial = memory.u64(heartbeat + layout["heartbeat.os_serial"])
        self.kernel_thread = memory.u32(heartbeat + layout["heartbeat.kernel_thread"])
        self.current = memory.u64(self.at + layout["hub.current"])
        self.main = self.at + layout["hub.main"]
        self.callback_fiber = memory.u64(self.at + layout["hub.callback_fiber"])
        self.packed = 0

    def thread(self):
        for thread in gdb.selected_inferior().threads():
            if self.kernel_thread in thread.ptid[1:]:
                return thread
        return None

    def greenlets(self):
        """The main one, then the others in the order of spawning, without those whose stacks are packed away."""
        self.packed = 0
        fiber_class = memory.u64(self.main)  # the first word of an object with virtual functions says its class
        found = []
        for owner in self.stack_owners():
            if memory.u64(owner) == fiber_class and not memory.u8(owner + self.layout["fiber.ended"]):
                found.append(Greenlet(self.layout, owner, self))
        return [Greenlet(self.layout, self.main, self), *sorted(found, key=lambda g: g.id)]

    def stack_owners(self):
        layout = self.layout
        chunks = memory.u64(self.at + layout["hub.os"]) + layout["os.stacks"] + layout["pool.chunks"]
        for at in range(memory.u64(chunks), memory.u64(chunks + 8), 8):
            chunk = memory.u64(at)
            base = memory.u64(chunk + layout["chunk.base"])
            slot_size = memory.u64(chunk + layout["chunk.size"]) + memory.u64(chunk + layout["chunk.guard"])
            live = memory.u32(chunk + layout["chunk.live"])
            for slot in range(live.bit_length()):
                if not live >> slot & 1:
                    continue
                number = memory.u64(chunk + layout["chunk.first_colour"]) + slot
                colour = number % layout["pool.colours"] * layout["pool.colour_step"]
                top = base + (slot + 1) * slot_size - colour - layout["top.sizeof"]
                try:
                    owner = memory.u64(top + layout["top.owner"])
                except gdb.MemoryError:  # under a guard: docs/design/0030
                    self.packed += 1
                    continue
                if owner:
                    yield owner


def hubs():
    try:
        at = int(gdb.parse_and_eval("(unsigned long)&'tendril::detail::all_hubs'"))
    except gdb.error as error:
        raise gdb.GdbError(f"no tendril in this program, or its symbol table is stripped ({error})") from error
    try:
        words = [memory.u64(at + 8 + 8 * i) for i in range(len(FIELDS))]
    except gdb.MemoryError as error:
        raise gdb.GdbError("the program does not run, and this is no core file") from error
    layout = dict(zip(FIELDS, words))
    if layout["version"] != VERSION or layout["fields"] != len(FIELDS):
        raise gdb.GdbError("this tendril.py belongs to another version of the library")
    heartbeat = memory.u64(at)
    while heartbeat:
        yield Hub(layout, heartbeat)
        heartbeat = memory.u64(heartbeat + layout["heartbeat.next"])


def find(number):
    for hub in hubs():
        for greenlet in hub.greenlets():
            if greenlet.id == number:
                return greenlet
    raise gdb.GdbError(f"there is no green thread {number}: see `info greenlets`")


def word_of(frame, register):
    return int(frame.read_register(register)) & (2**64 - 1)


class Unwinder(gdb.unwinder.Unwinder):
    """While a green thread is selected: the caller of the selected OS thread's innermost frame is where it stopped."""

    class FrameId:
        def __init__(self, sp, pc):
            self.sp, self.pc = sp, pc

    def __init__(self):
        super().__init__("tendril")
        self.chosen = None  # (OS thread, its own stack pointer, sp, fp, pc)

    def __call__(self, frame):
        if self.chosen is None or gdb.selected_thread() is None:
            return None
        thread, real_sp, sp, fp, pc = self.chosen
        names = REGISTERS.get(frame.architecture().name().replace("i386:", ""))
        # By the stack pointer rather than by the frame's level: an inlined function has levels of its own.
        if names is None or gdb.selected_thread().ptid != thread or word_of(frame, names[0]) != real_sp:
            return None
        word = gdb.lookup_type("unsigned long")
        here = frame.read_register(names[2])
        info = frame.create_unwind_info(self.FrameId(gdb.Value(sp - 8).cast(word), here))
        for name, value in zip(names, (sp, fp, pc)):
            info.add_saved_register(name, gdb.Value(value).cast(word))
        return info

    def choose(self, greenlet):
        self.leave()
        if gdb.selected_thread() is None:
            raise gdb.GdbError("no OS thread is selected")
        sp, fp, pc = greenlet.registers()
        if pc == 0:
            raise gdb.GdbError("this library was built for Boost.Context, whose switch does not say where it stopped")
        top = gdb.newest_frame()
        names = REGISTERS.get(top.architecture().name().replace("i386:", ""))
        if names is None:
            raise gdb.GdbError("only x86-64 and aarch64 are known here")
        self.chosen = (gdb.selected_thread().ptid, word_of(top, names[0]), sp, fp, pc)
        gdb.invalidate_cached_frames()

    def leave(self):
        if self.chosen is not None:
            self.chosen = None
            gdb.invalidate_cached_frames()


unwinder = Unwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)
gdb.events.cont.connect(lambda event: unwinder.leave())


def frames_of(greenlet):
    """The frames of one that is suspended; the innermost, the OS thread's own, is left out."""
    unwinder.choose(greenlet)
    frame = gdb.newest_frame()
    while frame is not None and frame.type() == gdb.INLINE_FRAME:
        frame = frame.older()
    return frame.older()


def print_backtrace(greenlet):
    before = unwinder.chosen
    try:
        frame, number = frames_of(greenlet), 0
        while frame is not None and frame.is_valid() and frame.pc() != 0:
            place = frame.find_sal()
            where = f" at {place.symtab.filename}:{place.line}" if place.symtab else ""
            print(f"#{number:<3} 0x{frame.pc():016x} in {frame.name() or '??'} (){where}")
            frame, number = frame.older(), number + 1
    finally:
        unwinder.chosen = before
        gdb.invalidate_cached_frames()


class InfoGreenlets(gdb.Command):
    """Lists the green threads of all hubs: id, name, state, what it waits for, where it was spawned."""

    def __init__(self):
        super().__init__("info greenlets", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for hub in hubs():
            thread = hub.thread()
            known = f"gdb's thread {thread.num}, " if thread else ""
            print(f"hub of OS thread {hub.serial} ({known}LWP {hub.kernel_thread})")
            for greenlet in hub.greenlets():
                print(f"{'*' if greenlet.runs else ' '} {greenlet}")
            if hub.packed:
                print(f"  and {hub.packed} whose stacks are packed away until they wake up")


class GreenletCommand(gdb.Command):
    """greenlet N bt: the calls in which green thread N stopped. greenlet N: selects it. greenlet off: none."""

    def __init__(self):
        super().__init__("greenlet", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if words == ["off"]:
            unwinder.leave()
            return
        if not words or not words[0].isdigit() or words[1:] not in ([], ["bt"]):
            raise gdb.GdbError("greenlet N, greenlet N bt, or greenlet off; `info greenlets` lists them")
        greenlet = find(int(words[0]))
        print(greenlet)
        if greenlet.runs:
            self.running(greenlet, words[1:] == ["bt"])
        elif not greenlet.begun():
            print("it has not begun")
        elif words[1:]:
            print_backtrace(greenlet)
        else:
            unwinder.choose(greenlet)
            print("selected: its frames begin with #1; `greenlet off` goes back")

    def running(self, greenlet, backtrace):
        """It is on its OS thread's processor: gdb knows it already."""
        thread = greenlet.hub.thread()
        if thread is None:
            raise gdb.GdbError(f"its OS thread, LWP {greenlet.hub.kernel_thread}, is not here")
        unwinder.leave()
        before = gdb.selected_thread()
        thread.switch()
        if backtrace:
            gdb.execute("bt")
            before.switch()


InfoGreenlets()
GreenletCommand()
