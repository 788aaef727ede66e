// SPDX-License-Identifier: MIT
//
// start_by_own_fork(): makes the plan that the child follows, and words its failures.

#include <algorithm>
#include <system_error>

#include "base/sys_child.hpp"
#include "process/start_program.hpp"

namespace tendril::detail {

namespace {

using sys::ChildStep;

const char* doing(ChildStep step) noexcept {
    switch (step) {
    case ChildStep::fork:
        return "making a child process";
    case ChildStep::session:
        return "making a session";
    case ChildStep::group:
        return "joining its process group";
    case ChildStep::terminal:
        return "taking its terminal";
    case ChildStep::streams:
        return "leading its standard streams";
    case ChildStep::pass:
        return "keeping the descriptors of pass_fds";
    case ChildStep::folder:
        return "changing to its cwd";
    case ChildStep::mask:
        return "setting its umask";
    case ChildStep::extra_groups:
        return "setting its extra_groups";
    case ChildStep::group_id:
        return "setting its group";
    case ChildStep::user_id:
        return "setting its user";
    case ChildStep::own_code:
        return "running before_exec";
    case ChildStep::close:
        return "closing other descriptors";
    case ChildStep::exec:
        return "running the program";
    }
    return "preparing it";
}

[[noreturn]] void fail_step(ChildStep step, int error, const std::string& program, const PopenOptions& options) {
    std::string what = "cannot start '" + program + "'";
    if (step == ChildStep::folder) {
        what += " in '" + options.cwd + "'";
    }
    throw std::system_error(error, std::generic_category(), what + ": " + doing(step));
}

template <class T>
const T* pointer(const std::optional<T>& option) noexcept {
    return option ? &*option : nullptr;
}

int run_own_code(void* context) {
    try {
        return (*static_cast<const std::function<int()>*>(context))();
    } catch (...) {  // it may not throw: an exception is allocated
        return ENOTRECOVERABLE;
    }
}

}  // namespace

bool needs_own_fork(const PopenOptions& options) noexcept {
    return options.umask || options.user || options.group || options.extra_groups || options.terminal ||
           options.before_exec;
}

pid_t start_by_own_fork(const Program& program, const PopenOptions& options, const Streams& streams, int terminal) {
    const Pointers files(program.files);
    const Pointers arguments(program.argv);
    const Pointers variables(program.env);
    std::vector<int> passed = options.pass_fds;
    std::sort(passed.begin(), passed.end());
    const pid_t own_group = 0;
    const gid_t no_group = 0;  // so that a list of none has an address
    const bool new_session = options.new_session || options.terminal;

    sys::ChildPlan plan;
    plan.files = files.get();
    plan.argv = arguments.get();
    plan.env = variables.get();
    plan.folder = options.cwd.empty() ? nullptr : options.cwd.c_str();
    plan.new_session = new_session;
    plan.process_group = options.kill_group && !new_session ? &own_group : pointer(options.process_group);
    plan.terminal = terminal;
    plan.streams = streams;
    plan.passed = passed.data();
    plan.passed_count = passed.size();
    plan.close_others = options.close_fds;
    plan.umask = pointer(options.umask);
    if (options.extra_groups) {
        plan.extra_groups = options.extra_groups->empty() ? &no_group : options.extra_groups->data();
        plan.extra_group_count = options.extra_groups->size();
    }
    plan.group = pointer(options.group);
    plan.user = pointer(options.user);
    plan.restore_signals = options.restore_signals;
    if (options.before_exec) {
        plan.own_code = &run_own_code;
        plan.own_context = const_cast<std::function<int()>*>(&options.before_exec);
    }
    ChildStep failed = ChildStep::fork;
    const pid_t pid = sys::start_child(plan, failed);
    if (pid < 0) {
        if (failed == ChildStep::exec) {
            fail_start(-pid, program.name, options.cwd);
        }
        fail_step(failed, -pid, program.name, options);
    }
    return pid;
}

}  // namespace tendril::detail
