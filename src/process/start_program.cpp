// SPDX-License-Identifier: MIT

#include "process/start_program.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <tendril/detail/base/check.hpp>

#include "base/sys.hpp"

namespace tendril::detail {

namespace {

// Throws for the errno that posix_spawn's functions return.
void added(int error) {
    if (error != 0) {
        throw std::system_error(error, std::generic_category(), "cannot prepare the start of a program");
    }
}

class FileActions {
public:
    FileActions() { added(::posix_spawn_file_actions_init(&raw)); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    ~FileActions() { ::posix_spawn_file_actions_destroy(&raw); }

    void chdir(const std::string& to) { added(::posix_spawn_file_actions_addchdir_np(&raw, to.c_str())); }
    void open_null(int fd) { added(::posix_spawn_file_actions_addopen(&raw, fd, "/dev/null", O_RDWR, 0)); }
    // A copy onto itself stays open on exec.
    void copy(int from, int to) { added(::posix_spawn_file_actions_adddup2(&raw, from, to)); }
    void close(int fd) { added(::posix_spawn_file_actions_addclose(&raw, fd)); }
    void close_from(int fd) { added(::posix_spawn_file_actions_addclosefrom_np(&raw, fd)); }

    posix_spawn_file_actions_t raw;
};

class Attributes {
public:
    explicit Attributes(const PopenOptions& options) {
        added(::posix_spawnattr_init(&raw));
        sigset_t none;
        sigset_t defaults;
        ::sigemptyset(&none);
        ::sigemptyset(&defaults);
        for (const int signal : {SIGPIPE, SIGXFSZ, SIGCHLD}) {
            ::sigaddset(&defaults, signal);
        }
        int flags = options.restore_signals ? POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK : 0;
        flags |= options.new_session ? POSIX_SPAWN_SETSID : 0;
        const bool own_group = options.kill_group && !options.new_session;
        flags |= own_group || options.process_group.has_value() ? POSIX_SPAWN_SETPGROUP : 0;
        ::posix_spawnattr_setsigmask(&raw, &none);
        ::posix_spawnattr_setsigdefault(&raw, &defaults);
        ::posix_spawnattr_setpgroup(&raw, options.process_group.value_or(0));
        ::posix_spawnattr_setflags(&raw, static_cast<short>(flags));
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { ::posix_spawnattr_destroy(&raw); }

    posix_spawnattr_t raw;
};

Environment environment_for(const PopenOptions& options) {
    Environment env = options.env ? *options.env : environment();
    for (const auto& [name, value] : options.add_env) {
        env.insert_or_assign(name, value);
    }
    return env;
}

std::vector<std::string> entries(const Environment& env) {
    std::vector<std::string> all;
    for (const auto& [name, value] : env) {
        all.push_back(name + '=' + value);
    }
    return all;
}

// Closes the descriptors that are not passed: one by one between the passed numbers, where they would stay open on
// exec, and all those above at once.
void close_others(FileActions& actions, std::vector<int> passed) {
    std::sort(passed.begin(), passed.end());
    int from = 3;
    for (const int each : passed) {
        for (; from < each; ++from) {
            if (sys::close_on_exec(from) == 0) {
                actions.close(from);
            }
        }
        from = std::max(from, each + 1);
    }
    actions.close_from(from);
}

void prepare(FileActions& actions, const PopenOptions& options, const Streams& streams) {
    if (!options.cwd.empty()) {
        actions.chdir(options.cwd);
    }
    for (int i = 0; i < 3; ++i) {
        const int source = streams[static_cast<std::size_t>(i)];
        if (source == lead::to_null) {
            actions.open_null(i);
        } else if (source == lead::as_out) {
            actions.copy(STDOUT_FILENO, i);
        } else if (source != lead::as_ours) {
            actions.copy(source, i);
        }
    }
    for (const int fd : options.pass_fds) {
        actions.copy(fd, fd);
    }
    if (options.close_fds) {
        close_others(actions, options.pass_fds);
    }
}

// Returns: the files that a program's name may mean; only itself for a name with a slash.
std::vector<std::string> candidates(const std::string& program, const Environment& env) {
    if (program.find('/') != std::string::npos) {
        return {program};
    }
    const auto found = env.find("PATH");
    const std::string path = found != env.end() ? found->second : "/bin:/usr/bin";
    std::vector<std::string> all;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        all.push_back(path.substr(at, end - at) + (end > at ? "/" : "./") + program);
        at = end + 1;
    }
    return all;
}

// Returns: a candidate's path as seen from this process; the child changes its directory before it looks.
std::string seen_from_here(const std::string& file, const std::string& cwd) {
    return file.front() == '/' || cwd.empty() ? file : cwd + '/' + file;
}

bool holds_zero(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

void check_environment(const Environment& env) {
    for (const auto& [name, value] : env) {
        if (name.empty() || name.find('=') != std::string::npos || holds_zero(name) || holds_zero(value)) {
            throw std::invalid_argument("Popen: '" + name + "' cannot be an environment variable");
        }
    }
}

// Numbers that mean "leave it as it is" to the system's calls.
void check_credentials(const PopenOptions& options) {
    if (options.user == static_cast<uid_t>(-1) || options.group == static_cast<gid_t>(-1)) {
        throw std::invalid_argument("Popen: -1 is not a user's or group's number; leave the option unset");
    }
    if (options.umask.value_or(0) > 0777) {
        throw std::invalid_argument("Popen: a umask has the bits of 0777 only");
    }
}

}  // namespace

[[noreturn]] void fail_start(int error, const std::string& program, const std::string& cwd) {
    if (!cwd.empty()) {
        if (const int r = sys::access(cwd + "/", X_OK); r < 0) {
            throw std::system_error(-r, std::generic_category(), "cannot start '" + program + "' in '" + cwd + "'");
        }
    }
    throw std::system_error(error, std::generic_category(), "cannot start '" + program + "'");
}

void check_start(const std::vector<std::string>& argv, const PopenOptions& options) {
    if (argv.empty() || argv.front().empty()) {
        throw std::invalid_argument("Popen: the program's name is missing");
    }
    if (std::any_of(argv.begin(), argv.end(), holds_zero) || holds_zero(options.cwd) ||
        holds_zero(options.executable)) {
        throw std::invalid_argument("Popen: a zero byte in the arguments, the executable or the cwd of '" +
                                    argv.front() + "'");
    }
    check_environment(options.env.value_or(Environment{}));
    check_environment(options.add_env);
    if (options.in.kind() == Stdio::Kind::merged || options.out.kind() == Stdio::Kind::merged) {
        throw std::invalid_argument("Popen: STDOUT is for err only: it then goes where out goes");
    }
    check_credentials(options);
    if (options.pipe_size < 0) {
        throw std::invalid_argument("Popen: a pipe's size in bytes cannot be negative");
    }
    if ((options.new_session || options.terminal) && options.process_group) {
        throw std::invalid_argument(
            "Popen: a new session, which a terminal needs too, already is a process group of its own");
    }
    if (options.kill_group && options.process_group.value_or(0) != 0) {
        throw std::invalid_argument("Popen: kill_group is for a process group of the child's own, not for group " +
                                    std::to_string(*options.process_group) + "; leave process_group unset, or 0");
    }
}

namespace {

pid_t start_by_spawn(const Program& program, const PopenOptions& options, const Streams& streams) {
    FileActions actions;
    prepare(actions, options, streams);
    const Attributes attributes(options);
    const Pointers arguments(program.argv);
    const Pointers variables(program.env);

    // As execvp: after a candidate that does not exist, or that we may not run, comes the next.
    int error = ENOENT;
    for (const std::string& file : program.files) {
        if (const int r = sys::access(seen_from_here(file, options.cwd), F_OK); r < 0) {
            error = r == -EACCES ? EACCES : error;
            continue;
        }
        pid_t pid = 0;
        const int r = sys::posix_spawn(pid, file, actions.raw, attributes.raw, arguments.get(), variables.get());
        if (r == 0) {
            return pid;
        }
        if (r != -EACCES && r != -ENOENT && r != -ENOTDIR) {
            fail_start(-r, program.name, options.cwd);
        }
        error = r == -EACCES ? EACCES : error;
    }
    fail_start(error, program.name, options.cwd);
}

}  // namespace

pid_t start_program(const std::vector<std::string>& argv, const PopenOptions& options, const Streams& streams,
                    int terminal) {
    for (std::size_t i = 0; i < streams.size(); ++i) {
        TENDRIL_ASSERT(streams[i] < 0 || streams[i] > 2 || streams[i] == static_cast<int>(i));
    }
    const Environment env = environment_for(options);
    const std::string& name = options.executable.empty() ? argv.front() : options.executable;
    const Program program{name, argv, candidates(name, env), entries(env)};
    return needs_own_fork(options) ? start_by_own_fork(program, options, streams, terminal)
                                   : start_by_spawn(program, options, streams);
}

}  // namespace tendril::detail
