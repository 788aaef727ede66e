// SPDX-License-Identifier: MIT
//
// Heart: a connection's heartbeats, by one timer of its hub, so that they go on whatever green threads do. Half an
// interval after the last bytes were sent it asks for a heartbeat; two intervals after the last bytes came it says that
// the peer is silent.

#pragma once

#include <cstdint>

#include <tendril/detail/hub/timer.hpp>
#include <tendril/duration.hpp>

namespace tendril::amqp::detail {

class Heart : tendril::detail::Timer {
public:
    // Called in the hub: neither may wait. Each may stop the heart.
    struct Owner {
        virtual void beat() noexcept = 0;    // nothing was sent for half an interval
        virtual void silent() noexcept = 0;  // nothing came for two
        // Whether the peer's bytes lie unread in the socket, or are not read on purpose.
        virtual bool may_be_unread() noexcept = 0;

    protected:
        ~Owner() = default;
    };

    explicit Heart(Owner& owner) noexcept : Timer(&Heart::due), owner_(owner) {}
    Heart(const Heart&) = delete;
    Heart& operator=(const Heart&) = delete;
    ~Heart() { stop(); }

    void start(Duration interval);  // zero: none. Throws: std::bad_alloc
    void stop() noexcept;

    void sent() noexcept { sent_ns_ = now_ns(); }
    void received() noexcept { received_ns_ = now_ns(); }

    Duration interval() const noexcept { return Duration(std::chrono::nanoseconds(interval_ns_)); }

private:
    static void due(tendril::detail::Timer& timer) noexcept;
    static std::int64_t now_ns() noexcept;
    void look() noexcept;
    void arm();

    Owner& owner_;
    std::int64_t interval_ns_ = 0;
    std::int64_t sent_ns_ = 0;
    std::int64_t received_ns_ = 0;
};

}  // namespace tendril::amqp::detail
