// SPDX-License-Identifier: MIT
//
// FileWatches: the inotify descriptor of a hub. Its Stat watchers share it and keep it alive; it is closed with the
// last.
//
// The kernel has one watch per file, whichever watcher asked for it; this keeps the watchers of each. A watch that the
// kernel removes (its file is gone) is forgotten; its watchers add a new one.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <tendril/fd.hpp>

#include "hub/hub_core.hpp"

namespace tendril::detail {

class FileNode {
public:
    virtual void touched() noexcept = 0;             // the file may have changed; called by the hub
    virtual void forgotten(int watch) noexcept = 0;  // the kernel's watch is gone

protected:
    ~FileNode() = default;
};

class FileWatches final : HubCallback {
public:
    // Returns the hub's; nullptr if the system has no inotify, or no more of it.
    static std::shared_ptr<FileWatches> of(HubCore& hub);

    explicit FileWatches(HubCore& hub, Fd inotify) noexcept;
    FileWatches(const FileWatches&) = delete;
    FileWatches& operator=(const FileWatches&) = delete;
    ~FileWatches();

    // Notifies the node of changes to the file; for a directory, only of those to the entry `name` in it, unless that
    // is empty. Adding twice is adding once. Returns: the watch, or -errno. Throws: std::bad_alloc.
    int add(const std::string& path, FileNode& node, const std::string& name);
    void remove(int watch, FileNode& node) noexcept;

    void inherited() noexcept { inherited_ = true; }  // by fork(): it is the parent's, and must not be changed

private:
    struct Entry {
        FileNode* node;
        std::string name;
    };
    struct Node : Interest {
        FileWatches& all;
        explicit Node(FileWatches& w) noexcept;
    };

    void run() noexcept override;
    void tell(int watch, std::uint32_t mask, const char* name) noexcept;
    void tell_all() noexcept;

    HubCore& hub_;
    Fd inotify_;
    Node interest_{*this};
    std::multimap<int, Entry> entries_;
    bool inherited_ = false;
};

}  // namespace tendril::detail
