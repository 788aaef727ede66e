// SPDX-License-Identifier: MIT

#include "hub/watchers/file_watches.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/sys.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

namespace {

// One mask for all, because two Stat watchers of the same file share the kernel's watch.
constexpr std::uint32_t everything =
    IN_ATTRIB | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

FileWatches::Node::Node(FileWatches& w) noexcept
    : Interest(events::read,
               [](Interest& self, Events) noexcept {
                   FileWatches& watches = static_cast<Node&>(self).all;
                   if (!watches.linked()) {
                       watches.hub_.post(watches);
                   }
               }),
      all(w) {}

std::shared_ptr<FileWatches> FileWatches::of(HubCore& hub) {
    std::shared_ptr<FileWatches> watches = hub.file_watches.lock();
    if (watches == nullptr) {
        Fd inotify(sys::inotify());
        if (!inotify) {
            return nullptr;
        }
        const int fd = inotify.get();
        watches = std::make_shared<FileWatches>(hub, std::move(inotify));
        if (hub.descriptors.watch(fd, watches->interest_) < 0) {
            return nullptr;
        }
        hub.file_watches = watches;
    }
    return watches;
}

FileWatches::FileWatches(HubCore& hub, Fd inotify) noexcept : hub_(hub), inotify_(std::move(inotify)) {}

FileWatches::~FileWatches() {
    hub_.descriptors.unwatch(interest_);
}

int FileWatches::add(const std::string& path, FileNode& node, const std::string& name) {
    const int watch = sys::inotify_add(inotify_.get(), path, everything);
    if (watch < 0) {
        return watch;
    }
    const auto [begin, end] = entries_.equal_range(watch);
    const bool known = std::any_of(
        begin, end, [&](const auto& each) { return each.second.node == &node && each.second.name == name; });
    if (!known) {
        entries_.emplace(watch, Entry{&node, name});
    }
    return watch;
}

void FileWatches::remove(int watch, FileNode& node) noexcept {
    const auto [begin, end] = entries_.equal_range(watch);
    for (auto it = begin; it != end;) {
        it = it->second.node == &node ? entries_.erase(it) : std::next(it);
    }
    if (!inherited_ && entries_.find(watch) == entries_.end()) {
        sys::inotify_remove(inotify_.get(), watch);
    }
}

// Runs in the hub's own green thread. Reads the pending events, but not without limit while other processes write.
void FileWatches::run() noexcept {
    constexpr int most_reads = 64;
    alignas(inotify_event) std::array<char, 4096> buffer;
    ssize_t n = 1;
    for (int i = 0; i < most_reads && n > 0; ++i) {
        n = sys::read(inotify_.get(), buffer.data(), buffer.size());
        for (ssize_t at = 0; at < n;) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            tell(event.wd, event.mask, event.len > 0 ? buffer.data() + at + sizeof event : "");
            at += static_cast<ssize_t>(sizeof event + event.len);
        }
    }
    if (n > 0) {
        hub_.descriptors.renew(interest_);
    } else {
        hub_.descriptors.rearm(interest_);
    }
}

void FileWatches::tell(int watch, std::uint32_t mask, const char* name) noexcept {
    if ((mask & IN_Q_OVERFLOW) != 0) {
        tell_all();
        return;
    }
    const auto [begin, end] = entries_.equal_range(watch);
    for (auto it = begin; it != end; ++it) {
        const Entry& entry = it->second;
        if (*name == 0 || entry.name.empty() || entry.name == name) {
            entry.node->touched();
        }
        if ((mask & IN_IGNORED) != 0) {
            entry.node->forgotten(watch);
        }
    }
    if ((mask & IN_IGNORED) != 0) {
        entries_.erase(watch);
    }
}

void FileWatches::tell_all() noexcept {
    for (const auto& [watch, entry] : entries_) {
        entry.node->touched();
    }
}

}  // namespace tendril::detail
