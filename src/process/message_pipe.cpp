// SPDX-License-Identifier: MIT

#include <tendril/message_pipe.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "base/at_fork.hpp"
#include "base/on_exit.hpp"
#include "net/transfer.hpp"

namespace tendril {

using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;
using detail::Handle;
using detail::when_ready;

namespace {

constexpr std::size_t length_size = 4;
constexpr std::size_t most_read = 65536;
constexpr const char* object = "a message pipe";

// Room for the descriptors of one call of sendmsg or recvmsg.
struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(int) * MessagePipe::max_fds)];
};

struct Broken {
    int error = 0;  // 0: not broken
    std::string what;
    void check() const {
        if (error != 0) {
            fail(-error, what);
        }
    }
};

// Admits one green thread at a time in each direction, from the beginning of its call to the end. A green thread that
// a fork() froze in its call is the parent's, so the note says in which process the call was made.
class Alone {
public:
    using Taken = std::optional<std::uint64_t>;  // the generation of forks

    Alone(Taken& taken, const char* doing) : taken_(taken) {
        if (taken_ == detail::fork_generation()) {
            throw ConcurrentUse(std::string("another green thread is already in MessagePipe::") + doing +
                                "; give each direction to one");
        }
        taken_ = detail::fork_generation();
    }
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;
    ~Alone() { taken_.reset(); }

private:
    Taken& taken_;
};

}  // namespace

struct MessagePipe::State {
    Handle handle;
    const std::size_t max_message;

    Alone::Taken sending;
    Broken send_broken;

    Alone::Taken receiving;
    Broken recv_broken;
    std::array<unsigned char, length_size> length{};
    std::size_t length_come = 0;
    Message part;  // what has arrived of it

    State(Fd fd, const MessagePipeOptions& options)
        : handle(detail::here::descriptors().open(fd.release())), max_message(options.max_message) {
        handle.use(object).short_read_empties = false;
    }

    std::size_t announced() const noexcept {
        return length[0] | std::size_t{length[1]} << 8 | std::size_t{length[2]} << 16 | std::size_t{length[3]} << 24;
    }
    std::size_t come() const noexcept { return length_come + part.bytes.size(); }

    [[noreturn]] void break_recv(int error, std::string what);
    ssize_t recv_some(Descriptor& d, void* to, std::size_t n, Deadline deadline);
    void take_fds(msghdr& message);
    void recv_rest(Descriptor& d, Deadline deadline);
    void send_all(Descriptor& d, Bytes bytes, const std::vector<int>& fds, std::size_t& sent, Deadline deadline);
    void break_send(std::size_t sent, std::size_t total) noexcept;
};

std::pair<MessagePipe, MessagePipe> MessagePipe::pair(const MessagePipeOptions& options) {
    if (options.max_message > std::numeric_limits<std::uint32_t>::max()) {
        throw std::invalid_argument("MessagePipe: a message of 4 GiB or more cannot be announced in four bytes");
    }
    detail::here::make_hub();  // made first: it may throw
    int ends[2];
    if (const int r = sys::unix_pair(ends); r < 0) {
        fail(r, "MessagePipe::pair");
    }
    Fd one(ends[0]);
    Fd other(ends[1]);
    auto first = std::make_shared<State>(std::move(one), options);
    auto second = std::make_shared<State>(std::move(other), options);
    return {MessagePipe(std::move(first)), MessagePipe(std::move(second))};
}

MessagePipe MessagePipe::from_fd(int fd, const MessagePipeOptions& options) {
    if (options.max_message > std::numeric_limits<std::uint32_t>::max()) {
        throw std::invalid_argument("MessagePipe: a message of 4 GiB or more cannot be announced in four bytes");
    }
    const std::string what = "MessagePipe::from_fd(" + std::to_string(fd) + ')';
    const auto option = [&](int which) {
        int value = 0;
        if (const int r = sys::get_option(fd, SOL_SOCKET, which, value); r < 0 && r != -ENOTSOCK) {
            fail(r, what);
        }
        return value;
    };
    if (option(SO_DOMAIN) != AF_UNIX || option(SO_TYPE) != SOCK_STREAM) {
        throw std::invalid_argument(what + ": it is not a Unix-domain stream; pass the fd() of one end of a pair()");
    }
    detail::here::make_hub();
    if (const int r = sys::set_close_on_exec(fd); r < 0) {
        fail(r, what);
    }
    return MessagePipe(std::make_shared<State>(Fd(fd), options));
}

MessagePipe::State& MessagePipe::use() const {
    if (state_ == nullptr) {
        fail(-EBADF, "a message pipe is closed");
    }
    return *state_;
}

void MessagePipe::send(Bytes bytes, const std::vector<int>& fds, Deadline deadline) {
    const std::shared_ptr<State> keep = state_;
    State& state = use();
    if (bytes.size() > state.max_message) {
        throw std::length_error("MessagePipe::send: a message of " + std::to_string(bytes.size()) +
                                " bytes; max_message is " + std::to_string(state.max_message) +
                                ", raise it on both sides");
    }
    if (fds.size() > max_fds) {
        throw std::invalid_argument("MessagePipe::send: " + std::to_string(fds.size()) + " descriptors; at most " +
                                    std::to_string(max_fds) + " go with one message");
    }
    state.handle.use(object);
    const Alone alone(state.sending, "send");
    Descriptor& d = enter_call(state.handle, object, Direction::write, "MessagePipe::send");
    state.send_broken.check();
    std::size_t sent = 0;
    try {
        state.send_all(d, bytes, fds, sent, deadline);
    } catch (...) {
        if (sent > 0) {
            state.break_send(sent, length_size + bytes.size());
        }
        throw;
    }
}

void MessagePipe::State::send_all(Descriptor& d, Bytes bytes, const std::vector<int>& fds, std::size_t& sent,
                                  Deadline deadline) {
    unsigned char head[length_size];
    for (std::size_t i = 0; i < length_size; ++i) {
        head[i] = static_cast<unsigned char>(bytes.size() >> (8 * i));
    }
    Control control{};
    const std::size_t total = length_size + bytes.size();
    while (sent < total) {
        if (sent > 0) {
            next_round(d, Direction::write, "MessagePipe::send", deadline, {sent, total});
        }
        iovec parts[2] = {};
        const std::size_t of_head = std::min(sent, length_size);
        const Bytes rest = bytes.after(sent - of_head);
        parts[0] = {head + of_head, length_size - of_head};
        parts[1] = {const_cast<std::byte*>(rest.data()), rest.size()};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = 2;
        if (sent == 0 && !fds.empty()) {
            message.msg_control = control.bytes;
            message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
            cmsghdr* header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
            std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
        }
        const ssize_t r = when_ready(d, Direction::write, "MessagePipe::send", deadline, {sent, total},
                                     [&](int fd) { return sys::sendmsg(fd, &message, MSG_DONTWAIT); });
        if (r < 0) {
            fail(r, "MessagePipe::send");
        }
        sent += static_cast<std::size_t>(r);
    }
}

// The peer has the beginning of a message, and would take any later bytes for the rest of it.
void MessagePipe::State::break_send(std::size_t sent, std::size_t total) noexcept {
    if (const int fd = handle.fd(); fd >= 0) {
        sys::shutdown(fd, SHUT_WR);
    }
    send_broken.error = EPIPE;
    try {
        send_broken.what = "MessagePipe::send: an earlier message was broken off after " + std::to_string(sent) +
                           " of " + std::to_string(total) + " bytes, so nothing more can be sent";
    } catch (...) {  // out of memory: goes without the text
    }
}

std::optional<Message> MessagePipe::recv(Deadline deadline) {
    const std::shared_ptr<State> keep = state_;
    State& state = use();
    state.handle.use(object);
    const Alone alone(state.receiving, "recv");
    Descriptor& d = enter_call(state.handle, object, Direction::read, "MessagePipe::recv");
    state.recv_broken.check();
    for (bool first = true; state.length_come < length_size; first = false) {
        if (!first) {
            detail::next_round(d, detail::Direction::read, "MessagePipe::recv", deadline, 0);
        }
        const ssize_t n =
            state.recv_some(d, state.length.data() + state.length_come, length_size - state.length_come, deadline);
        if (n == 0 && state.length_come == 0) {
            return std::nullopt;
        }
        state.length_come += static_cast<std::size_t>(n);
    }
    state.recv_rest(d, deadline);
    state.length_come = 0;
    return std::exchange(state.part, {});
}

void MessagePipe::State::recv_rest(Descriptor& d, Deadline deadline) {
    std::string& bytes = part.bytes;
    const std::size_t size = announced();
    if (size > max_message) {
        break_recv(EMSGSIZE, "MessagePipe::recv: the peer announces a message of " + std::to_string(size) +
                                 " bytes; max_message is " + std::to_string(max_message));
    }
    while (bytes.size() < size) {
        const std::size_t before = bytes.size();
        if (before > 0) {
            next_round(d, Direction::read, "MessagePipe::recv", deadline, 0);
        }
        const std::size_t asked = std::min(size - before, std::max(before, most_read));
        bytes.resize(before + asked);
        std::size_t come = before;
        const detail::OnExit shrunk([&] {
            if (bytes.size() > come) {  // otherwise break_recv() has dropped it
                bytes.resize(come);
            }
        });
        come += static_cast<std::size_t>(recv_some(d, bytes.data() + before, asked, deadline));
    }
}

void MessagePipe::State::break_recv(int error, std::string what) {
    part = {};
    recv_broken = {error, std::move(what)};
    fail(-error, recv_broken.what);
}

// Returns: the number of bytes read; 0 at the end of the stream, between two messages.
ssize_t MessagePipe::State::recv_some(Descriptor& d, void* to, std::size_t n, Deadline deadline) {
    iovec whole{to, n};
    Control control;
    msghdr message{};
    const ssize_t r = when_ready(d, Direction::read, "MessagePipe::recv", deadline, come(), [&](int fd) {
        message = {};
        message.msg_iov = &whole;
        message.msg_iovlen = 1;
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control;
        return sys::recvmsg(fd, &message, MSG_DONTWAIT);
    });
    // A peer that ends before it has read all our bytes resets the stream; still, all its own bytes have arrived.
    const bool ended = r == 0 || r == -ECONNRESET;
    if (ended && length_come == 0) {
        return 0;
    }
    if (ended) {
        break_recv(ECONNRESET, "MessagePipe::recv: the stream ended inside a message");
    }
    if (r < 0) {
        fail(r, "MessagePipe::recv");
    }
    take_fds(message);
    return r;
}

void MessagePipe::State::take_fds(msghdr& message) {
    if (message.msg_controllen == 0 && (message.msg_flags & MSG_CTRUNC) == 0) {
        return;
    }
    // Takes ownership before anything can fail.
    std::array<Fd, max_fds> come;
    std::size_t count = 0;
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t n = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < n && count < max_fds; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(each) + i * sizeof(int), sizeof fd);
            come[count++] = Fd(fd);
        }
    }
    if ((message.msg_flags & MSG_CTRUNC) != 0) {
        break_recv(EMFILE, "MessagePipe::recv: descriptors that came with a message were lost");
    }
    if (part.fds.size() + count > max_fds) {
        break_recv(EMSGSIZE, "MessagePipe::recv: more descriptors than may come with one message");
    }
    try {
        part.fds.insert(part.fds.end(), std::make_move_iterator(come.begin()),
                        std::make_move_iterator(come.begin() + static_cast<std::ptrdiff_t>(count)));
    } catch (const std::bad_alloc&) {
        break_recv(ENOMEM, "MessagePipe::recv: no memory");  // the part that was read is lost
    }
}

void MessagePipe::shutdown(Shutdown how) {
    const int which = how == Shutdown::read ? SHUT_RD : how == Shutdown::write ? SHUT_WR : SHUT_RDWR;
    if (const int r = sys::shutdown(use().handle.use(object).fd, which); r < 0) {
        fail(r, "MessagePipe::shutdown");
    }
}

void MessagePipe::close() noexcept {
    if (state_ != nullptr) {
        state_->handle.close();
    }
}

bool MessagePipe::is_open() const noexcept {
    return state_ != nullptr && state_->handle.is_open();
}

bool MessagePipe::ready() const {
    return state_ == nullptr || state_->handle.ready(object);
}

void MessagePipe::observe(detail::Observer& observer) const {
    use().handle.observe(object, observer);
}

int MessagePipe::fd() const noexcept {
    return state_ != nullptr ? state_->handle.fd() : -1;
}

}  // namespace tendril
