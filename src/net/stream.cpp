// SPDX-License-Identifier: MIT

#include <tendril/stream.hpp>

#include <tendril/error.hpp>

namespace tendril {

namespace {

// Calls `transfer`, which moves some bytes, or none at the end, until `wanted` are.
template <class Transfer>
std::size_t repeat(std::size_t wanted, const char* what, Transfer transfer) {
    std::size_t done = 0;
    while (done < wanted) {
        std::size_t n = 0;
        try {
            n = transfer(done);
        } catch (const TimeoutError&) {
            throw TimeoutError(what, done);
        }
        if (n == 0) {
            break;
        }
        done += n;
    }
    return done;
}

}  // namespace

std::size_t Source::recv_exactly(Buffer buffer, Deadline deadline) {
    return repeat(buffer.size(), "recv_exactly", [&](std::size_t done) { return recv(buffer.after(done), deadline); });
}

std::size_t Source::recv_parts(std::span<const Buffer> parts, Deadline deadline) {
    for (const Buffer& part : parts) {
        if (!part.empty()) {
            return recv(part, deadline);
        }
    }
    return recv(Buffer(), deadline);
}

void Sink::send_all(Bytes bytes, Deadline deadline) {
    repeat(bytes.size(), "send_all", [&](std::size_t done) { return send(bytes.after(done), deadline); });
}

void Sink::send_parts(std::span<const Bytes> parts, Deadline deadline) {
    std::size_t done = 0;
    for (const Bytes& part : parts) {
        try {
            send_all(part, deadline);
        } catch (const TimeoutError& e) {
            throw TimeoutError("send_parts", done + e.done());
        }
        done += part.size();
    }
}

}  // namespace tendril
