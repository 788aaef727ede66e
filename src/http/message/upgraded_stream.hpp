// SPDX-License-Identifier: MIT
//
// UpgradedStream: the stream that Response::upgrade() returns.

#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/stream.hpp>

namespace tendril::http::detail {

// Returns the bytes that were read before the protocol changed, then those of the stream.
class UpgradedStream final : public Stream {
public:
    UpgradedStream(std::unique_ptr<Stream> stream, std::string_view first)
        : stream_(std::move(stream)), first_(first) {}

    std::size_t recv(Buffer buffer, Deadline deadline) override {
        if (first_.empty()) {
            return stream_->recv(buffer, deadline);
        }
        const std::size_t n = std::min(buffer.size(), first_.size());
        std::memcpy(buffer.data(), first_.data(), n);
        first_.erase(0, n);
        if (first_.empty()) {
            first_.shrink_to_fit();
        }
        return n;
    }
    void await_data(Deadline deadline) override {
        if (first_.empty()) {
            stream_->await_data(deadline);
        }
    }
    std::size_t send(Bytes bytes, Deadline deadline) override { return stream_->send(bytes, deadline); }
    void send_all(Bytes bytes, Deadline deadline) override { stream_->send_all(bytes, deadline); }
    void send_parts(std::span<const Bytes> parts, Deadline deadline) override { stream_->send_parts(parts, deadline); }
    void shutdown(Shutdown how, Deadline deadline) override { stream_->shutdown(how, deadline); }
    int fd() const noexcept override { return stream_->fd(); }
    void close() noexcept override { stream_->close(); }
    bool is_open() const noexcept override { return stream_->is_open(); }

private:
    std::unique_ptr<Stream> stream_;
    std::string first_;
};

}  // namespace tendril::http::detail
