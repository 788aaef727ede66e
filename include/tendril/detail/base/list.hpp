// SPDX-License-Identifier: MIT
//
// List: an intrusive doubly linked list, first in, first out. A node unlinks itself in O(1), also when it is destroyed,
// so waiter nodes can live on the stacks of suspended green threads.

#pragma once

#include <cstdint>

namespace tendril::detail {

struct ListNode {
    ListNode* prev = nullptr;
    ListNode* next = nullptr;

    ListNode() = default;
    ListNode(const ListNode&) = delete;
    ListNode& operator=(const ListNode&) = delete;
    ~ListNode() { unlink(); }

    bool linked() const noexcept { return next != nullptr; }

    void unlink() noexcept {
        if (linked()) {
            prev->next = next;
            next->prev = prev;
            prev = next = nullptr;
        }
    }
};

// T derives from ListNode. The list does not own its nodes.
template <class T>
class List {
public:
    List() noexcept { head_.prev = head_.next = &head_; }
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List() {
        while (pop_front() != nullptr) {
        }
        head_.prev = head_.next = nullptr;
    }

    bool empty() const noexcept { return head_.next == &head_; }
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete): it does not see that a node left before it was deleted
    T* front() noexcept { return empty() ? nullptr : static_cast<T*>(head_.next); }

    T* after(T& node) noexcept {
        return static_cast<ListNode&>(node).next == &head_ ? nullptr
                                                           : static_cast<T*>(static_cast<ListNode&>(node).next);
    }

    void push_back(T& node) noexcept {
        ListNode& n = node;
        n.prev = head_.prev;
        n.next = &head_;
        head_.prev->next = &n;
        head_.prev = &n;
    }

    void push_front(T& node) noexcept {
        ListNode& n = node;
        n.prev = &head_;
        n.next = head_.next;
        head_.next->prev = &n;
        head_.next = &n;
    }

    T* pop_front() noexcept {
        T* first = front();
        if (first != nullptr) {
            first->ListNode::unlink();
        }
        return first;
    }

    T* pop_back() noexcept {
        T* last = empty() ? nullptr : static_cast<T*>(head_.prev);
        if (last != nullptr) {
            last->ListNode::unlink();
        }
        return last;
    }

    // Empties the list and calls f with each node. f must neither unlink other nodes nor use this list.
    template <class F>
    void take_all(F f) {
        ListNode* node = head_.next;
        head_.prev->next = nullptr;
        head_.prev = head_.next = &head_;
        while (node != nullptr && node != &head_) {
            ListNode* next = node->next;
            __builtin_prefetch(next);
            // Nodes on stacks often lie at even distances: a good guess, and a bad one does no harm.
            const auto here = reinterpret_cast<std::uintptr_t>(node);
            const auto there = reinterpret_cast<std::uintptr_t>(next);
            __builtin_prefetch(reinterpret_cast<const void*>(there + 4 * (there - here)));
            node->prev = node->next = nullptr;
            f(static_cast<T&>(*node));
            node = next;
        }
    }

    // Calls f with each node. f must not unlink.
    template <class F>
    void for_each(F f) const {
        for (const ListNode* n = head_.next; n != &head_; n = n->next) {
            f(static_cast<const T&>(*n));
        }
    }

private:
    ListNode head_;
};

}  // namespace tendril::detail
