// SPDX-License-Identifier: MIT

#include <unistd.h>

#include <algorithm>

#include <tendril/process.hpp>
#include <tendril/shield.hpp>

#include "base/sys.hpp"
#include "process/popen_state.hpp"

namespace tendril {

struct RunAccess {
    static Popen::State& state(Popen& popen) { return popen.use(); }
};

namespace {

std::string failure(const CompletedProcess& process) {
    const int code = process.returncode;
    return "'" + process.argv.front() +
           (code < 0 ? "' was ended by signal " + std::to_string(-code)
                     : "' ended with status " + std::to_string(code));
}

// Kills and reaps the child of run() if it still runs, however run() is left.
class EndedWithUs {
public:
    explicit EndedWithUs(Popen& child) noexcept : child_(child) {}
    EndedWithUs(const EndedWithUs&) = delete;
    EndedWithUs& operator=(const EndedWithUs&) = delete;
    ~EndedWithUs() {
        try {
            end();
        } catch (...) {  // other code took its result: it has ended
        }
    }
    void end() {
        if (!child_.ready()) {
            const Shield shield;
            child_.kill();
            child_.wait();
        }
    }

private:
    Popen& child_;
};

// Whether shell() made `argv`, and the child gets a group of its own. A child whose stdin is our terminal stays in our
// group, or it could not read from it.
bool left_to_a_shell(const std::vector<std::string>& argv, const PopenOptions& popen) {
    const std::vector<std::string> made = shell({});
    const int in = popen.in.kind() == Stdio::Kind::inherit ? STDIN_FILENO : popen.in.fd();
    return argv.size() == made.size() && std::equal(argv.begin(), argv.end() - 1, made.begin()) &&
           popen.process_group.value_or(0) == 0 && (in < 0 || !sys::isatty(in));
}

PopenOptions popen_options(const std::vector<std::string>& argv, const RunOptions& options) {
    PopenOptions popen = options.popen;
    if (!options.input.empty()) {
        popen.in = PIPE;
    }
    if (options.capture) {
        popen.out = popen.out.kind() == Stdio::Kind::inherit ? PIPE : popen.out;
        popen.err = popen.err.kind() == Stdio::Kind::inherit ? PIPE : popen.err;
    }
    popen.kill_group = options.kill_group.value_or(popen.kill_group || left_to_a_shell(argv, popen));
    return popen;
}

}  // namespace

CalledProcessError::CalledProcessError(CompletedProcess process)
    : std::runtime_error(failure(process)), process_(std::make_shared<const CompletedProcess>(std::move(process))) {}

RunTimeout::RunTimeout(CompletedProcess process, const TimeoutError& why)
    : TimeoutError("run '" + process.argv.front() + "'", why, process.out.size() + process.err.size()),
      process_(std::make_shared<const CompletedProcess>(std::move(process))) {}

void CompletedProcess::check() const {
    if (returncode != 0) {
        throw CalledProcessError(*this);
    }
}

CompletedProcess run(const std::vector<std::string>& argv, RunOptions options) {
    Popen child(argv, popen_options(argv, options));
    EndedWithUs ended(child);
    try {
        Output output = child.communicate(std::move(options.input), options.deadline);
        CompletedProcess done{argv, child.wait(), std::move(output.out), std::move(output.err)};
        if (options.check) {
            done.check();
        }
        return done;
    } catch (const TimeoutError& why) {
        ended.end();
        auto& state = RunAccess::state(child);
        state.dialogue.take_rest(state.out, state.err);
        state.dialogue.out.resize(std::min(state.dialogue.out.size(), state.dialogue.most));
        state.dialogue.err.resize(std::min(state.dialogue.err.size(), state.dialogue.most));
        throw RunTimeout(
            {argv, child.returncode().value_or(0), std::move(state.dialogue.out), std::move(state.dialogue.err)}, why);
    }
}

std::string check_output(const std::vector<std::string>& argv, RunOptions options) {
    options.check = true;
    options.capture = false;
    options.popen.out = PIPE;
    return run(argv, std::move(options)).out;
}

int call(const std::vector<std::string>& argv, RunOptions options) {
    options.capture = false;
    return run(argv, std::move(options)).returncode;
}

void check_call(const std::vector<std::string>& argv, RunOptions options) {
    options.check = true;
    call(argv, std::move(options));
}

CompletedProcess shell_output(std::string command, RunOptions options) {
    options.capture = false;
    options.popen.out = PIPE;
    options.popen.err = STDOUT;
    CompletedProcess done = run(shell(std::move(command)), std::move(options));
    if (!done.out.empty() && done.out.back() == '\n') {
        done.out.pop_back();
    }
    return done;
}

}  // namespace tendril
