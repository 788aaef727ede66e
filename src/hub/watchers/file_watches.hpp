// SPDX-License-Identifier: MIT
//
// FileWatches: the inotify descriptor of a hub, shared by its Stat watchers, which hold it; it is closed with the last.
//
// The kernel has one watch per file, whoever asked for it; here is who did. A watch that the kernel takes away (its
// file is gone) is forgotten; who had it asks anew.

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
    virtual void touched() noexcept = 0;             // perhaps; from the hub
    virtual void forgotten(int watch) noexcept = 0;  // the kernel's watch is gone

protected:
    ~FileNode() = default;
};

class FileWatches final : HubCallback {
public:
    // The hub's. Returns: nullptr when the system has no more of them, or none at all.
    static std::shared_ptr<FileWatches> of(HubCore& hub);

    explicit FileWatches(HubCore& hub, Fd inotify) noexcept;
    FileWatches(const FileWatches&) = delete;
    FileWatches& operator=(const FileWatches&) = delete;
    ~FileWatches();

    // The node is told of what happens to the file; for a directory only to the entry `name` in it, if that is not
    // empty. Twice is once. Returns: the watch, or -errno. Throws: std::bad_alloc.
    int add(const std::string& path, FileNode& node, const std::string& name);
    void remove(int watch, FileNode& node) noexcept;

    void inherited() noexcept { inherited_ = true; }  // by fork(): the parent's, not to be touched

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
