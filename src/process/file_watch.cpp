// SPDX-License-Identifier: MIT

#include <tendril/file_watch.hpp>

#include <stdexcept>
#include <utility>

#include <tendril/detail/base/stand.hpp>
#include <tendril/event.hpp>

#include "net/transfer.hpp"
#include "process/child_process.hpp"

namespace tendril {

struct FileWatch::State {
    std::string path;
    std::optional<StatChange> kept;
    Event any;              // set while there is one
    detail::Stands stands;  // of the waiters
    Stat watcher;

    State(const std::string& watched, Duration interval)
        : path(watched),
          watcher(watched, [this](const StatChange& change) { note(change); }, {.interval = interval, .ref = false}) {}

    void note(const StatChange& change) {
        kept = kept ? StatChange{kept->previous, change.current} : change;
        any.set();
    }
    std::optional<StatChange> take() {
        any.clear();
        return std::exchange(kept, std::nullopt);
    }
};

FileWatch::FileWatch(std::string path, Duration interval) : state_(std::make_unique<State>(path, interval)) {}
FileWatch::FileWatch(FileWatch&&) noexcept = default;
FileWatch& FileWatch::operator=(FileWatch&&) noexcept = default;
FileWatch::~FileWatch() = default;

FileWatch::State& FileWatch::use() const {
    if (state_ == nullptr) {
        throw std::logic_error("this FileWatch was moved from; use the one that it was moved to");
    }
    return *state_;
}

StatChange FileWatch::wait(Deadline deadline) {
    State& state = use();
    detail::here::refuse_in_callback();
    state.watcher.start();  // does nothing but in the child of a fork()
    for (;;) {
        if (std::optional<StatChange> change = state.take()) {
            return *change;
        }
        const detail::KeepAlive awake;
        const detail::Stand stand(state.stands);
        const bool changed = state.any.wait(deadline);
        if (!stand.counts()) {
            throw std::logic_error("a FileWatch was destroyed while a green thread waited for it; let it outlive them");
        }
        if (!changed && !state.kept) {
            detail::time_out({.waited_ns = detail::here::waited_ns()},
                             [&state] { return "FileWatch::wait (for a change of '" + state.path + "')"; });
        }
    }
}

std::optional<StatChange> FileWatch::take() {
    return state_ != nullptr ? state_->take() : std::nullopt;
}

FileAttributes FileWatch::current() const {
    return use().watcher.current();
}

bool FileWatch::ready() const noexcept {
    return state_ != nullptr && state_->kept.has_value();
}

void FileWatch::observe(detail::Observer& observer) const {
    use().any.observe(observer);
}

StatChange wait_file_change(std::string path, Deadline deadline) {
    return FileWatch(std::move(path)).wait(deadline);
}

}  // namespace tendril
