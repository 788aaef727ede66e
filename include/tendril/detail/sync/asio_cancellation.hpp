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
            call_(handler_, type);
        }
    }
    void clear() noexcept {
        call_ = nullptr;
        if (destroy_ != nullptr) {
            std::exchange(destroy_, nullptr)(handler_);
        }
    }
    bool has_handler() const noexcept { return call_ != nullptr; }

    template <class Handler, class... A>
    Handler& emplace(A&&... arguments) {
        clear();
        Handler* handler = nullptr;
        if constexpr (sizeof(Handler) <= size && alignof(Handler) <= alignof(std::max_align_t)) {
            handler = ::new (static_cast<void*>(room_)) Handler(std::forward<A>(arguments)...);
            if constexpr (!std::is_trivially_destructible_v<Handler>) {
                destroy_ = [](void* it) noexcept { static_cast<Handler*>(it)->~Handler(); };
            }
        } else {
            handler = new Handler(std::forward<A>(arguments)...);
            destroy_ = [](void* it) noexcept { delete static_cast<Handler*>(it); };
        }
        handler_ = handler;
        call_ = [](void* it, asio::cancellation_type_t type) { (*static_cast<Handler*>(it))(type); };
        return *handler;
    }

private:
    static constexpr std::size_t size = 96;

    void (*call_)(void*, asio::cancellation_type_t) = nullptr;
    void (*destroy_)(void*) noexcept = nullptr;
    void* handler_ = nullptr;
    alignas(std::max_align_t) std::byte room_[size];
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
