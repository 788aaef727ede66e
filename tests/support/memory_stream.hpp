// SPDX-License-Identifier: MIT
//
// MemoryStream: two Streams that are connected with each other in memory, without a descriptor. For tests of every
// interleaving: what one sends is there for the other at once, in the order that the test chooses.

#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/error.hpp>
#include <tendril/stream.hpp>

namespace tendril::testing {

class MemoryStream final : public Stream {
public:
    // `room`: how many bytes may be under way in each direction before send() waits.
    static std::pair<std::shared_ptr<MemoryStream>, std::shared_ptr<MemoryStream>> pair(std::size_t room = SIZE_MAX) {
        const auto there = std::make_shared<Pipe>(room);
        const auto back = std::make_shared<Pipe>(room);
        return {std::make_shared<MemoryStream>(there, back), std::make_shared<MemoryStream>(back, there)};
    }

    struct Pipe {
        explicit Pipe(std::size_t most) : room(most) {}
        const std::size_t room;
        std::string bytes;
        bool ended = false;
        detail::WaitQueue changed{"a MemoryStream"};

        void notify() noexcept { changed.wake_all(detail::Outcome::signalled); }
        void end() noexcept {
            ended = true;
            notify();
        }
    };
    MemoryStream(std::shared_ptr<Pipe> out, std::shared_ptr<Pipe> in) : out_(std::move(out)), in_(std::move(in)) {}
    ~MemoryStream() override { close(); }

    std::size_t recv(Buffer buffer, Deadline deadline = never) override {
        await_data(deadline);
        const std::size_t n = in_->bytes.copy(reinterpret_cast<char*>(buffer.data()), buffer.size());
        in_->bytes.erase(0, n);
        in_->notify();
        return n;
    }
    std::size_t send(Bytes bytes, Deadline deadline = never) override {
        for (;;) {
            check();
            if (out_->ended) {
                throw std::system_error(std::make_error_code(std::errc::broken_pipe), "send");
            }
            if (out_->bytes.size() < out_->room) {
                const std::size_t n = std::min(bytes.size(), out_->room - out_->bytes.size());
                out_->bytes.append(reinterpret_cast<const char*>(bytes.data()), n);
                out_->notify();
                return n;
            }
            wait(*out_, "send", deadline);
        }
    }
    void await_data(Deadline deadline = never) override {
        for (check(); in_->bytes.empty() && !in_->ended; check()) {
            wait(*in_, "recv", deadline);
        }
    }
    void shutdown(Shutdown how, Deadline /*deadline*/ = never) override {
        if (how != Shutdown::read) {
            out_->end();
        }
    }
    void close() noexcept override {
        open_ = false;
        out_->end();
        in_->end();
    }
    bool is_open() const noexcept override { return open_; }
    int fd() const noexcept override { return -1; }

private:
    void check() const {
        if (!open_) {
            throw std::system_error(EBADF, std::generic_category(), "a MemoryStream");
        }
    }
    static void wait(Pipe& pipe, const char* what, Deadline deadline) {
        if (pipe.changed.wait(what, nullptr, deadline) == detail::Outcome::timed_out) {
            throw TimeoutError(what);
        }
    }

    std::shared_ptr<Pipe> out_;
    std::shared_ptr<Pipe> in_;
    bool open_ = true;
};

}  // namespace tendril::testing
