// SPDX-License-Identifier: MIT

#include <tendril/stream.hpp>

#include <algorithm>
#include <string>

#include <tendril/error.hpp>
#include <tendril/file.hpp>

namespace tendril {

namespace {

// Calls `transfer`, which moves some bytes, or none at the end, until `wanted` bytes are moved. Each call yields when
// it is due. Checks the deadline itself, since every call may succeed at once. time_out(error) throws the error.
template <class Transfer, class TimeOut>
std::size_t repeat(const char* call, std::size_t wanted, Deadline deadline, Transfer transfer, TimeOut time_out) {
    std::size_t done = 0;
    while (done < wanted) {
        if (done > 0 && deadline.passed()) {
            time_out(TimeoutError(call, done));
        }
        std::size_t n = 0;
        try {
            n = transfer(done);
        } catch (const TimeoutError& e) {
            time_out(TimeoutError(call, e, done));
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
    return repeat(
        "recv_exactly", buffer.size(), deadline, [&](std::size_t done) { return recv(buffer.after(done), deadline); },
        [&](const TimeoutError& error) { time_out(error); });
}

void Source::time_out(const TimeoutError& error) {
    throw error;
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
    repeat(
        "send_all", bytes.size(), deadline, [&](std::size_t done) { return send(bytes.after(done), deadline); },
        [](const TimeoutError& error) { throw error; });
}

void Sink::send_parts(std::span<const Bytes> parts, Deadline deadline) {
    std::size_t done = 0;
    for (const Bytes& part : parts) {
        if (done > 0 && deadline.passed()) {
            throw TimeoutError("send_parts", done);
        }
        try {
            send_all(part, deadline);
        } catch (const TimeoutError& e) {
            throw TimeoutError("send_parts", e, done + e.done());
        }
        done += part.size();
    }
}

std::uint64_t Sink::send_file(const File& file, std::uint64_t offset, std::uint64_t count, Deadline deadline) {
    std::string buffer(static_cast<std::size_t>(std::min<std::uint64_t>(count, 64 * 1024)), '\0');
    std::uint64_t done = 0;
    while (done < count) {
        if (done > 0 && deadline.passed()) {
            throw TimeoutError("send_file", static_cast<std::size_t>(done));
        }
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), count - done));
        const std::size_t n = file.read_at(offset + done, {buffer.data(), wanted}, deadline);
        if (n == 0) {
            break;
        }
        try {
            send_all({buffer.data(), n}, deadline);
        } catch (const TimeoutError& e) {
            throw TimeoutError("send_file", e, static_cast<std::size_t>(done) + e.done());
        }
        done += n;
    }
    return done;
}

}  // namespace tendril
