// SPDX-License-Identifier: MIT
// Floor: hub
//
// Link: connects a callback to the end of a green thread, or to an AsyncResult, while it lives. Their link() functions
// make it. Belongs to one OS thread.
// Example: examples/lifecycle.cpp

#pragma once

#include <functional>
#include <utility>

#include <tendril/detail/hub/record.hpp>

namespace tendril {

namespace detail {
struct LinkMaker;
void drop_links(Record& record) noexcept;  // in the child of a fork(): their callbacks do not run there
}  // namespace detail

class Link {
public:
    Link() = default;  // linked to nothing
    Link(Link&& other) noexcept;
    Link& operator=(Link&& other) noexcept;
    ~Link();  // unlink()

    void unlink() noexcept;  // the callback will not run, unless it already has or is running
    void keep() noexcept;    // forever: destroying this Link no longer unlinks

private:
    friend struct detail::LinkMaker;
    friend void detail::drop_links(detail::Record&) noexcept;
    struct Node;
    using Callback = std::function<void(const detail::RecordPtr<detail::Record>&)>;
    Link(detail::Record& target, Callback callback, bool on_value, bool on_error);
    Node* node_ = nullptr;
};

namespace detail {

struct LinkMaker {
    static Link make(Record& target, Link::Callback callback, bool on_value, bool on_error) {
        return Link(target, std::move(callback), on_value, on_error);
    }
};

}  // namespace detail

}  // namespace tendril
