// SPDX-License-Identifier: MIT
//
// Stat: a watcher of a file's attributes. It watches both the file and its directory, so that it notices when another
// file takes the name. inotify only hints; a look at the attributes decides whether anything has changed.

#include <cstdint>
#include <string>
#include <utility>

#include "base/no_nul.hpp"
#include "base/sys.hpp"
#include "hub/watchers/file_watches.hpp"
#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

using namespace detail;
using std::chrono::nanoseconds;
using std::chrono::system_clock;

FileAttributes look(const std::string& path) noexcept {
    sys::FileStatus s{};
    if (sys::file_status(path, s) < 0) {
        return {};
    }
    const auto time = [](std::int64_t ns) {
        return system_clock::time_point(std::chrono::duration_cast<system_clock::duration>(nanoseconds(ns)));
    };
    return {
        true, s.size, s.device, s.inode, s.links, s.mode, s.owner, s.group, time(s.modified_ns), time(s.changed_ns)};
}

struct StatState final : WatcherState, FileNode {
    std::string path;
    std::string directory;
    std::string name;
    const Duration interval;
    Stat::Callback callback;
    FileAttributes seen;
    FileAttributes before;
    std::shared_ptr<FileWatches> files;  // nullptr: not active, or no inotify
    int file_watch = -1;
    int directory_watch = -1;
    struct Node : detail::Timer {
        StatState& state;
        explicit Node(StatState& s) noexcept : Timer(&StatState::fired), state(s) {}
    } timer{*this};

    StatState(std::string p, Stat::Callback f, Duration every, bool ref)
        : WatcherState("a Stat watcher's callback", ref), path(std::move(p)), interval(every), callback(std::move(f)) {
        require_no_nul(path, "Stat: a path");
        while (path.size() > 1 && path.back() == '/') {
            path.pop_back();
        }
        const std::size_t slash = path.rfind('/');
        directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
        name = slash == std::string::npos ? path : path.substr(slash + 1);
    }

    void touched() noexcept override { due(); }
    void forgotten(int watch) noexcept override { (watch == file_watch ? file_watch : directory_watch) = -1; }

    // Watches by inotify. Returns: whether the kernel will report every change.
    bool attach() {
        if (files == nullptr && (files = FileWatches::of(hub())) == nullptr) {
            return false;
        }
        const auto renew = [&](int& watch, int now) {
            const int old = std::exchange(watch, now < 0 ? -1 : now);
            if (old >= 0 && old != now) {
                files->remove(old, *this);
            }
            return now;
        };
        const bool by_name = renew(directory_watch, files->add(directory, *this, name)) >= 0;
        const int file = renew(file_watch, files->add(path, *this, {}));
        return by_name && (file >= 0 || file == -ENOENT) && !sys::is_link(path) && !sys::on_network(directory);
    }

    void detach() noexcept {
        for (int* watch : {&file_watch, &directory_watch}) {
            if (const int old = std::exchange(*watch, -1); old >= 0) {
                files->remove(old, *this);
            }
        }
        files = nullptr;
    }

    void look_later() {
        if (!timer.armed()) {
            hub().timers.arm_background(timer, Deadline(interval));
        }
    }
    static void fired(detail::Timer& timer) noexcept { static_cast<Node&>(timer).state.due(); }

    void on_start() override {
        try {
            if (!attach()) {
                look_later();
            }
        } catch (...) {
            detach();
            throw;
        }
        before = seen = look(path);
    }
    void on_stop() noexcept override {
        hub().timers.cancel(timer);
        detach();
    }
    void forked() noexcept override {
        if (files != nullptr) {
            files->inherited();
        }
        WatcherState::forked();
    }

    void call() override {
        if (!attach()) {  // before the look, so that no change in between is missed
            look_later();
        }
        const FileAttributes now = look(path);
        if (now != seen) {
            before = std::exchange(seen, now);
            callback({before, now});
        }
    }
    void call_fed() override {
        if (active()) {
            call();
        }
    }
    std::string detail() const override { return path; }
};

}  // namespace

Stat::Stat(std::string path, Callback callback, StatOptions options, Site at)
    : Watcher(
          [&]() -> std::unique_ptr<WatcherState> {
              if (path.empty() || options.interval == Duration()) {
                  throw std::invalid_argument("a Stat watcher needs a path, and an interval above zero");
              }
              detail::require_callback(callback, "a Stat watcher");
              return std::make_unique<StatState>(std::move(path), std::move(callback), options.interval, options.ref);
          }(),
          at, options.priority) {}

const FileAttributes& Stat::current() const {
    return static_cast<StatState&>(state()).seen;
}

const FileAttributes& Stat::previous() const {
    return static_cast<StatState&>(state()).before;
}

const std::string& Stat::path() const {
    return static_cast<StatState&>(state()).path;
}

}  // namespace tendril
