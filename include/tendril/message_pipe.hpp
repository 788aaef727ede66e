// SPDX-License-Identifier: MIT
// Floor: process
//
// MessagePipe: whole messages between processes (or green threads), both ways, and open descriptors with them.
//
//     auto [ours, theirs] = MessagePipe::pair();
//     Popen child({"worker", std::to_string(theirs.fd())}, {.pass_fds = {theirs.fd()}});
//     theirs.close();                                   // or we would never see that the child has ended
//     ours.send("a job", {file.get()});
//     while (auto answer = ours.recv()) use(answer->bytes);
//
// and in the child: MessagePipe pipe = MessagePipe::from_fd(std::stoi(argv[1])). After a fork() both processes have
// both ends; each closes the one that it does not use. The peer need not be a tendril program: each message is preceded
// by its length, 4 bytes, the least significant first, on a Unix-domain stream in blocking mode; descriptors
// (SCM_RIGHTS) come with the first of these bytes.
//
// One green thread may send while another receives; a second one in the same direction gets ConcurrentUse. Like a
// socket, a MessagePipe belongs to the OS thread that made it. Every call on a closed pipe throws std::system_error
// (EBADF), except where it says otherwise. Example: examples/message_pipe.cpp

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

// What recv() returns.
struct Message {
    std::string bytes;      // any bytes
    std::vector<Fd> fds{};  // the descriptors that came with it, in the sender's order; closed on exec
};

// Options of a MessagePipe.
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

    // Makes two connected ends. Both are closed on exec unless they are in PopenOptions::pass_fds.
    // Throws: std::system_error; std::invalid_argument for a max_message that does not fit into four bytes.
    static std::pair<MessagePipe, MessagePipe> pair(const MessagePipeOptions& options = {});

    // Takes over an inherited end, and makes it close on exec.
    // Throws: std::invalid_argument if it is not a Unix-domain stream, or max_message does not fit into four bytes;
    // std::system_error (EBADF).
    static MessagePipe from_fd(int fd, const MessagePipeOptions& options = {});

    // Sends one message, and waits while the stream has no room for it. The peer gets copies of the descriptors; the
    // caller keeps its own.
    //
    // A message of up to 32 KiB is sent whole or not at all. A longer one that is broken off in the middle (by the
    // deadline, a kill or a Timeout) ends this direction: the peer's recv() throws ECONNRESET, and each later send()
    // throws EPIPE. TimeoutError's done() is the number of bytes sent, the length included; 0: nothing was sent.
    // Throws: TimeoutError; Interrupt; std::length_error above max_message and std::invalid_argument for more than
    // max_fds descriptors, nothing was sent; std::system_error (EPIPE: the peer is gone).
    void send(Bytes bytes, Deadline deadline = never) { send(bytes, {}, deadline); }
    void send(Bytes bytes, const std::vector<int>& fds, Deadline deadline = never);

    // Waits for one message. Returns: nothing at the end of the stream, that is, when the peer has closed it or ended.
    // Throws: TimeoutError, Interrupt: the part that has arrived is kept, and the next call continues there.
    // std::system_error, thrown again by each later call: the stream ended inside a message (ECONNRESET); a message is
    // longer than max_message (EMSGSIZE); the process had no room for its descriptors (EMFILE). Uses at most twice the
    // memory of the bytes that have arrived, whatever length is announced.
    std::optional<Message> recv(Deadline deadline = never);

    // Ends a direction. Shutdown::write: the peer's recv() returns the messages sent before and then the end; the peer
    // can still send. Never waits. Throws: std::system_error.
    void shutdown(Shutdown how);

    // Closes this end; does nothing if it is closed. Calls that wait on it throw std::system_error (EBADF).
    void close() noexcept;
    bool is_open() const noexcept;
    int fd() const noexcept;  // stays the pipe's; -1 if it is closed

    // For wait() and iwait(): notifies when a message, or at least its beginning, or the end has arrived; consumes
    // nothing. A closed pipe is ready.
    bool ready() const;
    void observe(detail::Observer& observer) const;

private:
    struct State;
    explicit MessagePipe(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
    State& use() const;
    std::shared_ptr<State> state_;  // shared with calls that wait: the object may be moved or destroyed during them
};

}  // namespace tendril
