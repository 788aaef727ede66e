// SPDX-License-Identifier: MIT
// Floor: hub
//
// Link: keeps a callback linked to a green thread or an AsyncResult while it lives. Made by their link() functions.
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
    Link() = default;
    Link(Link&& other) noexcept;
    Link& operator=(Link&& other) noexcept;
    ~Link();

    void unlink() noexcept;  // the callback will not run any more, unless it has
    void keep() noexcept;    // for ever: destroying this Link no longer unlinks

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
