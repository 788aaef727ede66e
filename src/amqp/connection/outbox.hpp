// SPDX-License-Identifier: MIT
//
// Outbox: what a connection has still to send: whole frames in a buffer, and the publishers that wait for room in it.
// One green thread, the writer, empties it; everybody else appends.
//
//   1. The buffer ends at the end of a frame.
//   2. A publisher that has to wait is handed the turn: one at a time, in the order of their coming. It passes it on.
//      While the turn is out, or anybody waits, no other publisher appends.
//   3. The writer waits only while the buffer is empty and nobody has called wake().

#pragma once

#include <cstddef>
#include <string>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

namespace tendril::amqp::detail {

class Outbox {
public:
    explicit Outbox(std::size_t room) noexcept : room_(room) {}

    // ---- For all

    std::string& frames() noexcept { return frames_; }  // append whole frames, then wake()
    void wake() noexcept {
        if (!woken_) {
            woken_ = true;
            rouse();
        }
    }

    // ---- For publishers

    bool has_turn() noexcept { return has_room() && !turn_out_ && !line_.any(); }

    enum class Turn { handed, timed_out, closed };
    // Waits in line. Throws: Interrupt; then it has no turn.
    Turn wait_for_turn(Deadline deadline);
    void pass_turn() noexcept;         // of who was handed it
    void hold_back(bool on) noexcept;  // the broker takes no messages, or does again

    // ---- For the writer

    // Waits until something was appended, or for wake(). Throws: Interrupt.
    void await();
    // Takes all that was appended. Valid until sent().
    const std::string& take() noexcept;
    void sent() noexcept;  // what take() gave
    bool sending() const noexcept { return !sending_.empty(); }
    bool empty() const noexcept { return frames_.empty(); }
    std::size_t unsent() const noexcept { return frames_.size() + sending_.size(); }

    // Wakes all who wait, for good; nothing is sent any more.
    void close() noexcept;

private:
    static constexpr std::size_t kept = std::size_t{512} * 1024;  // capacity of a buffer that is not in use

    bool has_room() const noexcept { return !held_back_ && unsent() < room_; }
    void hand_turn() noexcept;
    void rouse() noexcept;

    const std::size_t room_;
    std::string frames_;
    std::string sending_;
    bool woken_ = false;
    bool held_back_ = false;
    bool turn_out_ = false;
    tendril::detail::WaitQueue line_{"an AMQP connection"};
    tendril::detail::WaitQueue writer_{"an AMQP connection"};
};

}  // namespace tendril::amqp::detail
