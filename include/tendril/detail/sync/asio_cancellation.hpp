// SPDX-License-Identifier: MIT
//
// AsioCancellation: asio::cancellation_signal with room for its handler, which costs no memory and, for the handlers of
// sockets, no call to forget. Not for users: tendril/asio.hpp

#pragma once

#include <asio/cancellation_type.hpp>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace tendril::detail {

class AsioCancellation {
public:
    AsioCancellation() = default;
    AsioCancellation(const AsioCancellation&) = delete;
    AsioCancellation& operator=(const AsioCancellation&) = delete;
    ~AsioCancellation() { clear(); }

    void emit(asio::cancellation_type_t type) {
        if (call_ != nullptr) {
            call_(room_, type);
        }
    }
    void clear() noexcept {
        call_ = nullptr;
        if (destroy_ != nullptr) {
            std::exchange(destroy_, nullptr)(room_);
        }
    }
    bool has_handler() const noexcept { return call_ != nullptr; }

    template <class Handler, class... A>
    Handler& emplace(A&&... arguments) {
        clear();
        if constexpr (sizeof(Handler) <= size && alignof(Handler) <= alignof(void*)) {
            auto* handler = ::new (static_cast<void*>(room_)) Handler(std::forward<A>(arguments)...);
            if constexpr (!std::is_trivially_destructible_v<Handler>) {
                destroy_ = [](std::byte* room) noexcept { in_room<Handler>(room).~Handler(); };
            }
            call_ = [](std::byte* room, asio::cancellation_type_t type) { in_room<Handler>(room)(type); };
            return *handler;
        } else {
            auto* handler = new Handler(std::forward<A>(arguments)...);
            ::new (static_cast<void*>(room_)) Handler*(handler);
            destroy_ = [](std::byte* room) noexcept { delete in_room<Handler*>(room); };
            call_ = [](std::byte* room, asio::cancellation_type_t type) { (*in_room<Handler*>(room))(type); };
            return *handler;
        }
    }

private:
    template <class T>
    static T& in_room(std::byte* room) noexcept {
        return *std::launder(reinterpret_cast<T*>(room));
    }

    static constexpr std::size_t size = 96;

    // Behind one another, so that what cancels an operation on a socket shares their cache line.
    void (*call_)(std::byte* room, asio::cancellation_type_t) = nullptr;
    void (*destroy_)(std::byte* room) noexcept = nullptr;
    alignas(void*) std::byte room_[size];
};

// What Asio calls a CancellationSlot.
class AsioCancellationSlot {
public:
    explicit AsioCancellationSlot(AsioCancellation& signal) noexcept : signal_(&signal) {}

    template <class Handler, class... A>
    Handler& emplace(A&&... arguments) {
        return signal_->emplace<Handler>(std::forward<A>(arguments)...);
    }
    template <class Handler>
    std::decay_t<Handler>& assign(Handler&& handler) {
        return emplace<std::decay_t<Handler>>(std::forward<Handler>(handler));
    }
    void clear() noexcept { signal_->clear(); }
    bool is_connected() const noexcept { return true; }
    bool has_handler() const noexcept { return signal_->has_handler(); }
    friend bool operator==(const AsioCancellationSlot& a, const AsioCancellationSlot& b) noexcept = default;

private:
    AsioCancellation* signal_;
};

}  // namespace tendril::detail
