// SPDX-License-Identifier: MIT

#include <cstdlib>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "base/sys.hpp"
#include "net/pipe_access.hpp"
#include "net/transfer.hpp"
#include "process/orphans.hpp"
#include "process/popen_state.hpp"
#include "process/start_program.hpp"

namespace tendril {

using detail::ChildProcess;
using detail::fail;
using detail::PipeAccess;
using detail::Streams;

namespace {

// The child's ends of the pipes while it is started, and where each standard stream leads.
class ChildEnds {
public:
    ChildEnds(const std::string& program, const PopenOptions& options)
        : program_(program), pipe_size_(options.pipe_size) {}

    // The child gets a terminal, to which its inherited streams lead. Returns: our side.
    Terminal add_terminal(TerminalSize size) {
        TerminalPair pair = open_terminal(size);
        terminal_ = std::move(pair.slave);
        return std::move(pair.master);
    }
    int terminal() const noexcept { return terminal_.get(); }

    // Returns: our end, if `what` is a PIPE.
    Fd add(std::size_t place, const Stdio& what) {
        switch (what.kind()) {
        case Stdio::Kind::inherit:
            streams_[place] = terminal_ ? terminal_.get() : detail::lead::as_ours;
            break;
        case Stdio::Kind::devnull:
            streams_[place] = detail::lead::to_null;
            break;
        case Stdio::Kind::merged:
            streams_[place] = detail::lead::as_out;
            break;
        case Stdio::Kind::descriptor:
            give(place, what.fd());
            break;
        case Stdio::Kind::pipe:
            return add_pipe(place);
        }
        return Fd();
    }

    const Streams& streams() const noexcept { return streams_; }

private:
    int checked(int r, const char* doing) const {
        if (r < 0) {
            fail(r, std::string(doing) + " to start '" + program_ + "'");
        }
        return r;
    }

    // Makes only our end non-blocking: the flag belongs to the open file, and the child needs blocking ones.
    Fd add_pipe(std::size_t place) {
        int ends[2];
        checked(sys::pipe(ends, 0), "cannot make a pipe");
        const bool reads = place == 0;
        owned_[place] = Fd(ends[reads ? 0 : 1]);
        Fd ours(ends[reads ? 1 : 0]);
        checked(sys::set_nonblocking(ours.get()), "cannot make a pipe");
        if (pipe_size_ > 0) {
            checked(sys::set_pipe_size(ours.get(), pipe_size_), "cannot set the size of a pipe");
        }
        give(place, owned_[place].get());
        return ours;
    }

    // A descriptor that becomes 0, 1 or 2 must not be another of these itself, or an earlier copy would overwrite it.
    void give(std::size_t place, int fd) {
        fd = with_blocking(place, fd);
        if (fd < 3 && fd != static_cast<int>(place)) {
            owned_[place] = Fd(checked(sys::duplicate(fd, 3), "cannot copy a descriptor"));
            fd = owned_[place].get();
        }
        streams_[place] = fd;
    }

    int with_blocking(std::size_t place, int fd) {
        const int flags = checked(sys::status_flags(fd), "a standard stream is not open");
        const int kind = checked(sys::file_kind(fd), "a standard stream is not open");
        if ((flags & O_NONBLOCK) == 0 || (kind != S_IFIFO && kind != S_IFCHR && kind != S_IFSOCK)) {
            return fd;
        }
        // Opens it non-blocking: a pipe without a reader would block us here.
        const std::string path = "/proc/self/fd/" + std::to_string(fd);
        const int access = flags & O_ACCMODE;
        owned_[place] = Fd(checked(sys::open(path, access | O_NONBLOCK | O_NOCTTY),
                                   "cannot give the child a file of its own for a non-blocking descriptor (a socket? "
                                   "then make it blocking, and leave it to the child; a pipe that nobody reads?)"));
        checked(sys::set_nonblocking(owned_[place].get(), false), "cannot make a descriptor blocking");
        return owned_[place].get();
    }

    const std::string program_;
    const int pipe_size_;
    Fd terminal_;
    Streams streams_{detail::lead::as_ours, detail::lead::as_ours, detail::lead::as_ours};
    std::array<Fd, 3> owned_;
};

// Before anything is opened here: a number that is free now could else be that of a pipe which the child must not have.
void check_open(const std::string& program, const PopenOptions& options) {
    for (const Stdio& each : {options.in, options.out, options.err}) {
        if (each.kind() == Stdio::Kind::descriptor && !sys::is_open(each.fd())) {
            fail(-EBADF,
                 "a standard stream is not open to start '" + program + "': descriptor " + std::to_string(each.fd()));
        }
    }
    for (const int fd : options.pass_fds) {
        if (!sys::is_open(fd)) {
            fail(-EBADF, "a descriptor of pass_fds is not open to start '" + program + "': " + std::to_string(fd));
        }
    }
}

// Returns: the pidfd of a child that has just begun. If there is none, kills the child, which could neither be waited
// for nor left alone.
Fd pidfd_of(pid_t pid, const std::string& program) {
    Fd pidfd(sys::pidfd_open(pid));
    if (!pidfd) {
        const int error = pidfd.get();
        sys::kill(pid, SIGKILL);
        siginfo_t info;
        while (sys::waitid(P_PID, static_cast<id_t>(pid), info, WEXITED) == -EINTR) {
        }
        fail(error, "cannot watch '" + program + "', which is therefore killed");
    }
    return pidfd;
}

}  // namespace

std::vector<std::string> shell(std::string text) {
    return {"/bin/sh", "-c", std::move(text)};
}

Popen::State::~State() {
    if (dialogue.running && child != nullptr && !child->of_the_parent()) {
        detail::report("a Popen was destroyed while a green thread was in its communicate(); let it outlive that call");
        std::abort();
    }
    if (child != nullptr) {
        detail::adopt_orphan(std::move(child));
    }
}

Popen::Popen(const std::vector<std::string>& argv, const PopenOptions& options) {
    detail::check_start(argv, options);
    check_open(argv.front(), options);
    detail::sweep_orphans();
    auto state = std::make_unique<State>();
    auto child = std::make_unique<ChildProcess>();

    state->argv = argv;
    state->dialogue.most = options.max_output;

    ChildEnds ends(argv.front(), options);
    if (options.terminal) {
        state->terminal = ends.add_terminal(*options.terminal);
    }
    if (Fd ours = ends.add(0, options.in)) {
        state->in = PipeAccess::writer(std::move(ours));
    }
    if (Fd ours = ends.add(1, options.out)) {
        state->out = PipeAccess::reader(std::move(ours));
    }
    if (Fd ours = ends.add(2, options.err)) {
        state->err = PipeAccess::reader(std::move(ours));
    }

    // Makes sure, before there is a child, that there is room for its pidfd and that the system has pidfds.
    Fd room(sys::pidfd_open(sys::process_id()));
    if (!room) {
        fail(room.get(), "cannot watch a child process to start '" + argv.front() + "'");
    }
    const pid_t pid = detail::start_program(argv, options, ends.streams(), ends.terminal());
    room.close();
    child->began(pid, pidfd_of(pid, argv.front()));
    state->child = std::move(child);
    state->kill_group = options.kill_group;
    state_ = std::move(state);
}

Popen::Popen(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

Popen Popen::adopt(pid_t pid) {
    detail::sweep_orphans();
    auto state = std::make_unique<State>();
    auto child = std::make_unique<ChildProcess>();
    child->adopt(pid, "Popen::adopt(" + std::to_string(pid) + ')');
    state->child = std::move(child);
    return Popen(std::move(state));
}

Popen::Popen(Popen&&) noexcept = default;
Popen& Popen::operator=(Popen&&) noexcept = default;
Popen::~Popen() = default;

Popen::State& Popen::use() const {
    if (state_ == nullptr) {
        throw std::logic_error("this Popen was moved from; use the one that it was moved to");
    }
    state_->child->require_here();
    return *state_;
}

pid_t Popen::pid() const {
    return use().child->pid();
}

const std::vector<std::string>& Popen::argv() const {
    return use().argv;
}

int Popen::wait(Deadline deadline) {
    ChildProcess& child = *use().child;
    const pid_t pid = child.pid();
    return child.await("Popen::wait", deadline).code(pid);
}

std::optional<int> Popen::poll() {
    ChildProcess& child = *use().child;
    return child.ask() ? std::optional(child.result()) : std::nullopt;
}

std::optional<int> Popen::returncode() const noexcept {
    return state_ != nullptr ? state_->child->returncode() : std::nullopt;
}

void Popen::send_signal(int signal) {
    ChildProcess& child = *use().child;
    const bool group = use().kill_group;
    if (const int r = group ? child.signal_group(signal) : child.signal(signal); r < 0) {
        fail(r, "cannot send signal " + std::to_string(signal) + " to process " + (group ? "group " : "") +
                    std::to_string(child.pid()));
    }
}

Output Popen::communicate(std::string input, Deadline deadline) {
    State& state = use();
    detail::Dialogue& dialogue = state.dialogue;
    if (dialogue.running) {
        throw ConcurrentUse("communicate() with process " + std::to_string(state.child->pid()) +
                            " is already under way in another green thread");
    }
    if (!input.empty()) {
        if (!state.in.is_open() || !dialogue.input.empty()) {
            throw std::logic_error(dialogue.input.empty()
                                       ? "communicate: input for a child whose stdin is not a PIPE, or "
                                         "is closed"
                                       : "communicate: there is already input; call it again "
                                         "without input to continue");
        }
        dialogue.input = std::move(input);
    }
    dialogue.running = true;
    dialogue.child = state.child->pid();
    const detail::OnExit ended([&] { dialogue.running = false; });
    dialogue.go_on(state.in, state.out, state.err, deadline);
    state.child->await("communicate", deadline, dialogue.out.size() + dialogue.err.size());
    return {std::exchange(dialogue.out, {}), std::exchange(dialogue.err, {})};
}

PipeWriter& Popen::stdin_() {
    return use().in;
}
PipeReader& Popen::stdout_() {
    return use().out;
}
PipeReader& Popen::stderr_() {
    return use().err;
}

Terminal& Popen::terminal() {
    return use().terminal;
}

bool Popen::ready() const noexcept {
    return state_ != nullptr && !state_->child->running();
}

void Popen::observe(detail::Observer& observer) const {
    use().child->observe(observer);
}

}  // namespace tendril
