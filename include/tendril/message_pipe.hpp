// SPDX-License-Identifier: MIT
// Floor: process
//
// MessagePipe: whole messages between processes (or green threads), both ways, and open descriptors with them.
//
//     auto [ours, theirs] = MessagePipe::pair();
//     Popen child({"worker", std::to_string(theirs.fd())}, {.pass_fds = {theirs.fd()}});
//     theirs.close();                                   // or we would never see the child's end
//     ours.send("a job", {file.get()});
//     while (auto answer = ours.recv()) use(answer->bytes);
//
// and in the child: MessagePipe pipe = MessagePipe::from_fd(std::stoi(argv[1])). After a fork() both ends are just
// there; each process closes the one that it does not use. The peer need not be a tendril program: before each message
// goes its length, 4 bytes, the least significant first, on a Unix-domain stream in blocking mode; descriptors
// (SCM_RIGHTS) come with the first of these bytes.
//
// One green thread may send and one receive; a second gets ConcurrentUse. Belongs to the OS thread that made it, as a
// socket does. Example: examples/message_pipe.cpp

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/fd.hpp>
#include <tendril/socket.hpp>

namespace tendril {

struct Message {
    std::string bytes;
    std::vector<Fd> fds{};  // closed on exec
};

struct MessagePipeOptions {
    std::size_t max_message = std::size_t{64} << 20;  // bytes, to send and to receive; below 4 GiB
};

class MessagePipe {
public:
    static constexpr std::size_t max_fds = 253;  // with one message; the system's limit

    MessagePipe() = default;  // closed
    MessagePipe(MessagePipe&&) noexcept = default;
    MessagePipe& operator=(MessagePipe&& other) noexcept {
        MessagePipe moved(std::move(other));
        std::swap(state_, moved.state_);
        return *this;
    }
    ~MessagePipe() { close(); }

    // Two connected ends, closed on exec unless passed.
    // Throws: std::system_error; std::invalid_argument for a maximum that four bytes cannot tell.
    static std::pair<MessagePipe, MessagePipe> pair(const MessagePipeOptions& options = {});

    // Takes over an inherited end; closed on exec from here on.
    // Throws: std::invalid_argument unless it is a Unix-domain stream; std::system_error; it is as it was then.
    static MessagePipe from_fd(int fd, const MessagePipeOptions& options = {});

    // Sends one message, waiting as long as the peer does not read. The descriptors are copied: ours stay ours.
    //
    // One of up to 32 KiB goes whole or not at all. A longer one that is broken off in its middle (by the deadline, a
    // kill, a Timeout) ends this direction: the peer's recv() then says that it came to an end inside a message, and
    // the next send() that, too. TimeoutError's done() tells: 0, nothing has gone.
    // Throws: TimeoutError; Interrupt; std::length_error above the maximum, std::invalid_argument for too many
    // descriptors, nothing was sent; std::system_error (EPIPE: the peer is gone).
    void send(Bytes bytes, Deadline deadline = never) { send(bytes, {}, deadline); }
    void send(Bytes bytes, const std::vector<int>& fds, Deadline deadline = never);

    // Waits for one message. Returns: nothing at the end of the stream: the peer has closed, or ended.
    // Throws: TimeoutError, Interrupt: what has come is kept, and the next call goes on; std::system_error, from then
    // on always: the stream ended inside a message (ECONNRESET), it is longer than the maximum (EMSGSIZE), there was no
    // room for its descriptors (EMFILE). No more memory is used than has really come, twice at most.
    std::optional<Message> recv(Deadline deadline = never);

    void shutdown(Shutdown how);  // write: the peer comes to the end, and can still send

    void close() noexcept;  // idempotent. Who waits on it gets EBADF
    bool is_open() const noexcept;
    int fd() const noexcept;  // still the pipe's; -1 when closed

    // For wait() and iwait(), which see that a message, its beginning at least, or the end has come, and take nothing.
    bool ready() const;
    void observe(detail::Observer& observer) const;

private:
    struct State;
    explicit MessagePipe(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
    State& use() const;
    std::shared_ptr<State> state_;  // also of the calls that wait: the object may be moved or destroyed meanwhile
};

}  // namespace tendril
