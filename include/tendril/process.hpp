// SPDX-License-Identifier: MIT
// Floor: process
//
// Child processes, as Python's subprocess has them: Popen starts a program, run() starts one and waits for all of it.
//
//     CompletedProcess done = run({"grep", "-c", "x"}, {.input = text, .check = true});
//     Popen child(shell("sleep 1; uname"), {.out = PIPE});
//     std::string name = child.communicate().out;                        // other green threads run meanwhile
//
// Starting a program holds the hub's OS thread for as long as the system needs (some hundred microseconds). Every call
// that waits for the child suspends its green thread only. No signal handler is installed: SIGCHLD stays the program's
// own. A program that ignores SIGCHLD, or waits for any child by waitpid(-1), takes the results away; wait() then
// throws ECHILD.
//
// A Popen belongs to the OS thread that made it (WrongThread). Examples: examples/popen.cpp, examples/run.cpp

#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
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
#include <tendril/terminal.hpp>

namespace tendril {

// Where one of the child's standard streams leads: INHERIT, PIPE, DEVNULL, STDOUT (only for err: where out leads), or
// a descriptor of ours, which stays ours. The child's streams are always in blocking mode: instead of a non-blocking
// pipe or terminal it gets an open file of its own; a non-blocking socket is refused.
class Stdio {
public:
    // Where a stream leads: see above.
    enum class Kind : unsigned char { inherit, pipe, devnull, merged, descriptor };

    constexpr Stdio() noexcept = default;
    constexpr Stdio(int fd) noexcept : kind_(Kind::descriptor), fd_(fd) {}  // implicit on purpose
    constexpr explicit Stdio(Kind kind) noexcept : kind_(kind) {}           // of this kind

    constexpr Kind kind() const noexcept { return kind_; }  // where it leads
    constexpr int fd() const noexcept { return fd_; }       // the descriptor, if it leads to one; else -1

private:
    Kind kind_ = Kind::inherit;
    int fd_ = -1;
};
inline constexpr Stdio INHERIT{};                      // where this process's own stream leads
inline constexpr Stdio PIPE{Stdio::Kind::pipe};        // to a pipe, whose other end the Popen has
inline constexpr Stdio DEVNULL{Stdio::Kind::devnull};  // to /dev/null
inline constexpr Stdio STDOUT{Stdio::Kind::merged};    // only for err: where out leads

// Environment variables by name. environment() returns a copy of this process's.
using Environment = std::map<std::string, std::string>;
Environment environment();

// Options of a Popen.
struct PopenOptions {
    Stdio in{};                                     // its stdin
    Stdio out{};                                    // its stdout
    Stdio err{};                                    // its stderr
    std::string cwd{};                              // its working directory; empty: ours
    std::optional<Environment> env = std::nullopt;  // instead of ours; its PATH is searched
    Environment add_env{};                          // added to that, or replacing entries of it
    bool new_session = false;                       // by setsid
    std::optional<pid_t> process_group{};           // by setpgid; 0: a group of its own
    bool kill_group = false;                        // signals reach its whole process group: see Popen::send_signal()
    bool close_fds = true;                          // closes all but the standard ones and pass_fds in the child
    std::vector<int> pass_fds{};                    // open in the child under the same numbers; they stay ours too
    std::string executable{};                       // the program's file, searched for as argv[0] is; empty: argv[0]
    bool restore_signals = true;  // false: ignored signals stay ignored, those blocked in this OS thread stay blocked
    int pipe_size = 0;            // of each PIPE, in bytes, rounded up by the system; 0: as the system has it
    std::size_t max_output = SIZE_MAX;  // communicate() throws OutputTooLong when a stream has more bytes than this

    std::optional<mode_t> umask{};  // file mode creation mask; unset: ours
    // Who runs the program, in the order groups, group, user. account.hpp finds the numbers for names. Setting only the
    // user leaves the child our groups, root's perhaps: set all three. Throws EPERM unless we have the right.
    std::optional<uid_t> user{};
    std::optional<gid_t> group{};
    std::optional<std::vector<gid_t>> extra_groups{};
    // Runs the program in a new pseudo-terminal: Popen::terminal(). Its streams lead there unless options say otherwise
    // (INHERIT means the terminal). The child is a new session's leader, as with new_session. Read what it prints:
    // communicate() and run() do not, and a full terminal stops the child.
    std::optional<TerminalSize> terminal{};
    // Code of yours that the child runs last before its program, with its user's rights: to set limits, a scheduling
    // class, the signal at its parent's death. Returns 0, or an errno, which Popen throws. It may call only what is
    // safe in a signal handler (signal-safety(7)): no memory is allocated, no lock taken, nothing of tendril called.
    // With this, or another user or group, the child is a copy of this process first. That holds up the hub the longer
    // the more memory this process uses (milliseconds for each 100 MiB).
    std::function<int()> before_exec{};
};

// Returns: the argv that runs a shell command: {"/bin/sh", "-c", text}.
std::vector<std::string> shell(std::string text);

// What a child wrote to its stdout and stderr; empty for a stream that is not a PIPE.
struct Output {
    std::string out;  // what it wrote to stdout
    std::string err;  // what it wrote to stderr
};

// A stream of a child has more bytes than PopenOptions::max_output allows. The child still runs, unless run() threw
// this.
class OutputTooLong : public std::runtime_error {
public:
    // For the library: the text, and what was read.
    OutputTooLong(const std::string& what, Output read)
        : std::runtime_error(what), read_(std::make_shared<const Output>(std::move(read))) {}
    const std::string& out() const noexcept { return read_->out; }  // what was read, up to max_output bytes of each
    const std::string& err() const noexcept { return read_->err; }  // the same of stderr

private:
    std::shared_ptr<const Output> read_;  // shared, so that copying cannot throw
};

// A child process. Calls on a Popen that was moved from throw std::logic_error, except where it says otherwise. A kill
// or a Timeout of a green thread that waits for the child leaves the child alone.
class Popen {
public:
    // Starts argv[0], which is searched for in PATH unless it has a slash. Does not yield. Signals that tendril or the
    // program may ignore for their own purposes (SIGPIPE, SIGXFSZ, SIGCHLD) have their default effect in the child, and
    // none is blocked.
    // Throws: std::system_error that names what failed (ENOENT: there is no such program, or no such cwd; EMFILE), also
    // when a step of the child's preparation did (EPERM: "setting its user"); std::invalid_argument for arguments or
    // options that can never work. Then neither a child nor a descriptor is left.
    explicit Popen(const std::vector<std::string>& argv, const PopenOptions& options = {});

    Popen(Popen&&) noexcept;
    Popen& operator=(Popen&&) noexcept;

    // Makes a Popen for a child that other code made, by fork() or in a library: to wait for it among others, and to
    // signal it safely. Its streams are closed ones, its argv() is empty. From then on this Popen reaps it. Does not
    // yield.
    // Throws: std::system_error (ECHILD: not a child of ours, or reaped already); std::invalid_argument for pid <= 0.
    static Popen adopt(pid_t pid);

    // Closes our ends of the pipes. A child that still lives runs on, and is reaped when it ends; this keeps no hub
    // from ending, nor from LoopExit. Requires: no green thread waits for the child. Aborts otherwise, naming the
    // waiters.
    ~Popen();

    pid_t pid() const;                             // its number; it stays after the end
    const std::vector<std::string>& argv() const;  // what it was called with

    // Waits for the child's end. Several green threads may wait. Returns: its exit status; -n if signal n ended it.
    // Throws: TimeoutError; Interrupt; std::system_error (ECHILD: other code took the result); HubBlocked.
    int wait(Deadline deadline = never);

    // Asks whether the child has ended. Never waits. Returns: as wait(); nothing while the child runs. Throws:
    // std::system_error (ECHILD, as wait()).
    std::optional<int> poll();

    // The result if the child's end has been seen; nothing otherwise, and after a move. Does not ask the system.
    std::optional<int> returncode() const noexcept;

    // Sends a signal. Does nothing once the child's end is known; never hits another process. Does not yield.
    //
    // With `kill_group` the child leads a process group of its own, and the signal reaches every process in it, also
    // those that a shell left in the background, until wait(), poll() or communicate() has seen the child's end.
    // SIGKILL reaches all of them. Another signal may miss a process that a shell is just starting, since the shell
    // blocks signals meanwhile. A descendant that makes a group of its own (setsid, a shell's `set -m`) is not reached.
    // The child's group is not the terminal's foreground group: Ctrl-C does not reach it, and reading from the terminal
    // stops it.
    // Throws: std::system_error (EPERM: the process now is another user's; EINVAL: no such signal).
    void send_signal(int signal);
    // As send_signal().
    void terminate() { send_signal(SIGTERM); }
    void kill() { send_signal(SIGKILL); }

    // Writes `input` to the child's stdin and closes it, reads its stdout and stderr to their ends, all at the same
    // time, and then waits for the child's end. Uses only the streams that are a PIPE. Yields. A child that does not
    // read its input is not an error.
    //
    // When this throws TimeoutError (done() is the number of bytes read) or Interrupt, the output read so far and the
    // position in the input are kept: call it again, without input, to continue. Also throws: OutputTooLong, from then
    // on each time: kill the child, or read on from its pipes; std::logic_error for input when stdin is not a PIPE or
    // is closed, or when there is already input; ConcurrentUse; HubBlocked; std::bad_alloc and std::system_error,
    // nothing is lost.
    Output communicate(std::string input = {}, Deadline deadline = never);
    Output communicate(Deadline deadline) { return communicate({}, deadline); }

    // Our ends of the child's PIPEs; closed ones for streams that are not a PIPE. Use either them or communicate().
    PipeWriter& stdin_();
    PipeReader& stdout_();
    PipeReader& stderr_();

    // Our side of the child's terminal; a closed one without PopenOptions::terminal. communicate() does not read it.
    Terminal& terminal();

    // For wait() and iwait(): ready once the child's end has been seen. Waiting there keeps the hub alive until then.
    bool ready() const noexcept;
    void observe(detail::Observer& observer) const;

private:
    friend struct RunAccess;
    struct State;
    explicit Popen(std::unique_ptr<State> state) noexcept;
    State& use() const;  // throws std::logic_error if it was moved from
    std::unique_ptr<State> state_;
};

// Options of run() and check_output().
struct RunOptions {
    std::string input{};               // for its stdin; empty: `popen` says, by default our stdin
    bool check = false;                // whether to throw CalledProcessError if it fails
    bool capture = true;               // out and err, unless `popen` says where they lead
    Deadline deadline = never;         // for all of run()
    PopenOptions popen{};              // how to start it
    std::optional<bool> kill_group{};  // instead of popen's. Unset: popen's, but true for shell(), see run()
};

// A program that run() has started and that has ended.
struct CompletedProcess {
    std::vector<std::string> argv;  // what it was called with
    int returncode = 0;             // as Popen::wait()
    std::string out;                // what was captured
    std::string err;                // likewise

    void check() const;  // throws CalledProcessError unless the returncode is 0
};

// A program failed, and the caller asked for a check. what() names it and says how it ended.
class CalledProcessError : public std::runtime_error {
public:
    explicit CalledProcessError(CompletedProcess process);             // for the library
    int returncode() const noexcept { return process_->returncode; }   // as Popen::wait() returns it
    const std::string& out() const noexcept { return process_->out; }  // what was captured of stdout
    const std::string& err() const noexcept { return process_->err; }  // what was captured of stderr

private:
    std::shared_ptr<const CompletedProcess> process_;  // shared, so that copying cannot throw
};

// The deadline of run() passed; this has the output read until then.
class RunTimeout : public TimeoutError {
public:
    RunTimeout(CompletedProcess process, const TimeoutError& why);     // for the library
    const std::string& out() const noexcept { return process_->out; }  // what was read of stdout until then
    const std::string& err() const noexcept { return process_->err; }  // what was read of stderr until then

private:
    std::shared_ptr<const CompletedProcess> process_;
};

// Starts a program, and waits for its end and the end of its output. If the deadline, a kill or a Timeout breaks that
// off, run() first kills and reaps the child; with `kill_group`, it kills the rest of the child's process group as
// well. A command from shell() gets a group of its own by default, since `sh -c "a & b"` leaves processes behind; but
// not when its stdin is our terminal, from which it could then not read.
// Throws: RunTimeout if the deadline came first; CalledProcessError; OutputTooLong (the child is then killed and
// reaped); as Popen and communicate().
CompletedProcess run(const std::vector<std::string>& argv, RunOptions options = {});

// Short forms of run(), whose other options hold. check_output() returns what the program wrote to stdout; its stderr
// is ours, and a failure is a CalledProcessError. call() returns its returncode; its output streams are ours.
// check_call() is call(), with CalledProcessError for a failure.
std::string check_output(const std::vector<std::string>& argv, RunOptions options = {});
int call(const std::vector<std::string>& argv, RunOptions options = {});
void check_call(const std::vector<std::string>& argv, RunOptions options = {});

// Runs a shell command. Returns: its status, and as `out` what it wrote to stdout and stderr, in the order of writing,
// without the last end of line. A failure is not an error, unless options.check says so. Throws: as run().
CompletedProcess shell_output(std::string command, RunOptions options = {});

// Waits for a child that other code made (fork, a library), and reaps it. Suspends the calling green thread only.
// Returns: as Popen::wait(). Throws: TimeoutError, Interrupt: the child is not reaped; std::system_error (ECHILD: not a
// child of ours, or other code has reaped it); std::invalid_argument for pid <= 0, which names no single child.
int wait_pid(pid_t pid, Deadline deadline = never);

// The same without waiting: reaps the child if it has ended. Returns: as wait_pid(); nothing while the child runs.
// Throws: std::system_error (ECHILD), std::invalid_argument, as wait_pid(). Does not yield.
std::optional<int> try_wait_pid(pid_t pid);

}  // namespace tendril
