// SPDX-License-Identifier: MIT
//
// EndlessStream: a peer that never makes the caller wait. It sends `first`, then `again` without limit, and accepts all
// that is sent. For tests of loops that must check their deadline nevertheless.

#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <tendril/stream.hpp>

namespace tendril::testing {

class EndlessStream final : public Stream {
public:
    explicit EndlessStream(std::string first, std::string again) : text_(std::move(first)), again_(std::move(again)) {
        while (again_.size() < 4096) {
            again_ += again_;
        }
    }

    std::size_t recv(Buffer buffer, Deadline /*deadline*/) override {
        if (at_ == text_.size()) {
            text_ = again_;
            at_ = 0;
        }
        const std::size_t n = std::min(buffer.size(), text_.size() - at_);
        std::memcpy(buffer.data(), text_.data() + at_, n);
        at_ += n;
        return n;
    }
    std::size_t send(Bytes bytes, Deadline /*deadline*/) override { return bytes.size(); }
    void await_data(Deadline /*deadline*/) override {}
    void shutdown(Shutdown /*how*/, Deadline /*deadline*/) override {}
    int fd() const noexcept override { return -1; }
    void close() noexcept override { open_ = false; }
    bool is_open() const noexcept override { return open_; }

private:
    std::string text_;
    std::string again_;
    std::size_t at_ = 0;
    bool open_ = true;
};

}  // namespace tendril::testing
