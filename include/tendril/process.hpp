// SPDX-License-Identifier: MIT
// Floor: process
//
// Child processes, as Python's subprocess has them: Popen starts a program, run() starts one and waits for all of it.
//
//     CompletedProcess done = run({"grep", "-c", "x"}, {.input = text, .check = true});
//     Popen child(shell("sleep 1; uname"), {.out = PIPE});
//     std::string name = child.communicate().out;                        // other green threads run meanwhile
//
// Starting one takes the hub's OS thread for as long as the system needs (some hundred microseconds); all that waits
// for it suspends its green thread only. No signal handler is installed: SIGCHLD stays the program's own. A program
// that ignores SIGCHLD, or waits for any child by waitpid(-1), takes the results away; wait() then says ECHILD.
//
// A Popen belongs to the OS thread that made it. Examples: examples/popen.cpp, examples/run.cpp

#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/error.hpp>
#include <tendril/pipe.hpp>

namespace tendril {

// Where one of the child's standard streams leads: INHERIT, PIPE, DEVNULL, STDOUT (for err: where out leads), or a
// descriptor of ours, which stays ours. The child's are always in blocking mode: of a non-blocking pipe or terminal it
// gets an open file of its own; a non-blocking socket is refused.
class Stdio {
public:
    enum class Kind : unsigned char { inherit, pipe, devnull, merged, descriptor };

    constexpr Stdio() noexcept = default;
    constexpr Stdio(int fd) noexcept : kind_(Kind::descriptor), fd_(fd) {}  // implicit on purpose
    constexpr explicit Stdio(Kind kind) noexcept : kind_(kind) {}

    constexpr Kind kind() const noexcept { return kind_; }
    constexpr int fd() const noexcept { return fd_; }

private:
    Kind kind_ = Kind::inherit;
    int fd_ = -1;
};
inline constexpr Stdio INHERIT{};
inline constexpr Stdio PIPE{Stdio::Kind::pipe};
inline constexpr Stdio DEVNULL{Stdio::Kind::devnull};
inline constexpr Stdio STDOUT{Stdio::Kind::merged};

using Environment = std::map<std::string, std::string>;
Environment environment();  // this process's

struct PopenOptions {
    Stdio in{};
    Stdio out{};
    Stdio err{};
    std::string cwd{};                              // empty: ours
    std::optional<Environment> env = std::nullopt;  // instead of ours; its PATH is searched
    Environment add_env{};                          // on top of that
    bool new_session = false;                       // setsid
    std::optional<pid_t> process_group{};           // setpgid; 0: one of its own
    bool kill_group = false;                        // signals reach its whole process group: see Popen::send_signal()
    bool close_fds = true;                          // all but the standard ones and pass_fds
    std::vector<int> pass_fds{};                    // stay open under the same number. They stay ours too
};

// {"/bin/sh", "-c", text}
std::vector<std::string> shell(std::string text);

struct Output {
    std::string out;
    std::string err;
};

class Popen {
public:
    // Starts argv[0], searched in PATH unless it has a slash. Signals that tendril or the program ignore for their own
    // sake (SIGPIPE, SIGXFSZ, SIGCHLD) are as by default in the child, and none is blocked.
    // Throws: std::system_error that names what failed (ENOENT: there is no such program, or no such cwd; EMFILE);
    // std::invalid_argument; nothing is left then, neither child nor descriptor.
    explicit Popen(const std::vector<std::string>& argv, const PopenOptions& options = {});

    Popen(Popen&&) noexcept;
    Popen& operator=(Popen&&) noexcept;

    // A child that lives goes on, and is reaped when it ends; that keeps no hub from ending or from LoopExit. Its pipes
    // to us are closed. Requires: nobody waits for it. Aborts otherwise, naming who does.
    ~Popen();

    pid_t pid() const;

    // Waits for its end; several may. Returns: its exit status; -n when signal n ended it.
    // Throws: TimeoutError; Interrupt; std::system_error (ECHILD: somebody else took the result).
    int wait(Deadline deadline = never);

    // Never waits. Returns: as wait(), or nothing while it runs.
    std::optional<int> poll();
    std::optional<int> returncode() const noexcept;  // what the last wait() or poll() found

    // Does nothing once its end is known; never hits another process. With `kill_group` the child leads a process group
    // of its own, and the signal reaches everyone in it: also the children that a shell left in the background, until
    // wait(), poll() or communicate() has seen the child's end. SIGKILL reaches all of them; another signal may miss
    // what a shell is starting at that moment, since it blocks signals meanwhile. A descendant that makes a group of
    // its own (setsid, a shell's `set -m`) is out of reach. A group of its own is not the terminal's foreground group:
    // Ctrl-C does not reach it, and reading from the terminal stops it.
    // Throws: std::system_error (EPERM: it is another user's now; EINVAL: no such signal).
    void send_signal(int signal);
    void terminate() { send_signal(SIGTERM); }
    void kill() { send_signal(SIGKILL); }

    // Feeds `input` to its stdin and closes that, reads its stdout and stderr to their ends, all at the same time, then
    // waits for its end. Only what is a PIPE counts. A child that does not read its input is no error.
    //
    // When it throws (TimeoutError, whose done() says how many bytes were read; Interrupt), what was read and where the
    // input stood are kept: call it again, without input, and it goes on. Throws also: std::logic_error for input to no
    // PIPE, or when there is some already; ConcurrentUse; std::bad_alloc and std::system_error, nothing is lost.
    Output communicate(std::string input = {}, Deadline deadline = never);
    Output communicate(Deadline deadline) { return communicate({}, deadline); }

    // Our ends of its PIPEs; closed ones for others. Use them or communicate(), not both.
    PipeWriter& stdin_();
    PipeReader& stdout_();
    PipeReader& stderr_();

    // For wait() and iwait(): it has ended, and somebody knows. Watching one keeps the hub alive until it ends.
    bool ready() const noexcept;
    void observe(detail::Observer& observer) const;

private:
    friend struct RunAccess;
    struct State;
    State& use() const;  // throws std::logic_error when it was moved from
    std::unique_ptr<State> state_;
};

struct RunOptions {
    std::string input{};        // to its stdin; empty: it has ours
    bool check = false;         // throw CalledProcessError when it fails
    bool capture = true;        // out and err, unless `popen` says where they lead
    Deadline deadline = never;  // for all of it
    PopenOptions popen{};
    std::optional<bool> kill_group{};  // instead of popen's. Unset: popen's, but true for shell(), see run()
};

struct CompletedProcess {
    std::vector<std::string> argv;
    int returncode = 0;
    std::string out;
    std::string err;
};

// A program failed, and that was to be checked. what() names it and says how it ended.
class CalledProcessError : public std::runtime_error {
public:
    explicit CalledProcessError(CompletedProcess process);
    int returncode() const noexcept { return process_->returncode; }
    const std::string& out() const noexcept { return process_->out; }
    const std::string& err() const noexcept { return process_->err; }

private:
    std::shared_ptr<const CompletedProcess> process_;  // shared, so that copying cannot throw
};

// The deadline of run() came first; what was read is here.
class RunTimeout : public TimeoutError {
public:
    RunTimeout(CompletedProcess process, const TimeoutError& why);
    const std::string& out() const noexcept { return process_->out; }
    const std::string& err() const noexcept { return process_->err; }

private:
    std::shared_ptr<const CompletedProcess> process_;
};

// Starts a program and waits for its end and that of its output. When that is broken off, by the deadline, a kill or a
// Timeout, the child is killed and reaped first; with `kill_group`, the rest of its process group is killed as well.
// What shell() makes gets a group of its own by default, since `sh -c "a & b"` leaves processes behind; not when its
// stdin is our terminal, which it could then not read.
// Throws: RunTimeout; CalledProcessError; as Popen and communicate().
CompletedProcess run(const std::vector<std::string>& argv, RunOptions options = {});

// Short for run(): what it printed, having succeeded; its returncode, its output being ours; ... having succeeded.
std::string check_output(const std::vector<std::string>& argv, RunOptions options = {});
int call(const std::vector<std::string>& argv, RunOptions options = {});
void check_call(const std::vector<std::string>& argv, RunOptions options = {});

// Waits for a child that others made (fork, a library), and reaps it.
// Returns: as Popen::wait(). Throws: TimeoutError, Interrupt: it is not reaped; std::system_error (ECHILD: no child of
// ours, or reaped by another); std::invalid_argument for pid <= 0: which child it shall be must be said.
int wait_pid(pid_t pid, Deadline deadline = never);

}  // namespace tendril
