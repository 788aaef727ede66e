// SPDX-License-Identifier: MIT

#include "net/tls_bio.hpp"

#include <netinet/in.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include "base/once.hpp"
#include "base/sys.hpp"
#include "net/tls_context.hpp"
#include "net/transfer.hpp"

namespace tendril::detail {

namespace {

// OpenSSL's commands for kernel TLS; its header has these two only in a comment.
constexpr int next_is_record = 74;  // BIO_CTRL_SET_KTLS_SEND_CTRL_MSG
constexpr int next_is_data = 75;    // BIO_CTRL_CLEAR_KTLS_CTRL_MSG

TlsWire& wire_of(BIO* bio) noexcept {
    return *static_cast<TlsWire*>(BIO_get_data(bio));
}

// Sends a record that is not data, which the kernel encrypts (Documentation/networking/tls.rst).
ssize_t send_record(int fd, unsigned char type, const void* p, std::size_t n) noexcept {
    constexpr int sol_tls = 282;
    constexpr int set_record_type = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(1)] = {};
    iovec whole{const_cast<void*>(p), n};
    msghdr message{};
    message.msg_iov = &whole;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = sol_tls;
    header->cmsg_type = set_record_type;
    header->cmsg_len = CMSG_LEN(1);
    std::memcpy(CMSG_DATA(header), &type, 1);
    return sys::sendmsg(fd, &message, 0);
}

int write_wire(BIO* bio, const char* p, int n) noexcept {
    TlsWire& wire = wire_of(bio);
    Descriptor& d = *wire.descriptor;
    BIO_clear_retry_flags(bio);
    const auto size = static_cast<std::size_t>(n);
    ssize_t r = -EAGAIN;
    while (d.writable) {
        r = wire.record_type != 0 ? send_record(d.fd, wire.record_type, p, size) : sys::send(d.fd, p, size, 0);
        if (r == -EINTR) {
            continue;
        }
        if (r == -EAGAIN) {
            d.drained(Direction::write);
        }
        break;
    }
    if (r >= 0) {
        wire.record_type = 0;
        return static_cast<int>(r);
    }
    if (r == -EAGAIN) {
        BIO_set_retry_write(bio);
    } else {
        errno = wire.error = static_cast<int>(-r);  // OpenSSL checks errno for a gone peer, and forgives it once
    }
    return -1;
}

int read_wire(BIO* bio, char* p, int n) noexcept {
    TlsWire& wire = wire_of(bio);
    Descriptor& d = *wire.descriptor;
    BIO_clear_retry_flags(bio);
    if (BIO_get_ktls_recv(bio)) {  // OpenSSL's BIO puts the record's header before what the kernel has decrypted
        const int r = BIO_meth_get_read(BIO_s_socket())(bio, p, n);
        if (r < 0 && BIO_should_retry(bio)) {
            d.emptied();
            wire.starved = true;
        }
        return r;
    }
    ssize_t r = -EAGAIN;
    while (d.readable) {
        r = sys::recv(d.fd, p, static_cast<std::size_t>(n), 0);
        if (r == -EINTR) {
            continue;
        }
        if (r == -EAGAIN) {
            d.emptied();
        } else {
            note_read(d, static_cast<std::size_t>(n), r);
        }
        break;
    }
    if (r > 0) {
        return static_cast<int>(r);
    }
    if (r == 0) {
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
        return 0;
    }
    if (r == -EAGAIN) {
        BIO_set_retry_read(bio);
        wire.starved = true;
    } else {
        wire.error = static_cast<int>(-r);
    }
    return -1;
}

long control_wire(BIO* bio, int command, long number, void* pointer) noexcept {
    switch (command) {
    case next_is_record:
        wire_of(bio).record_type = static_cast<unsigned char>(number);
        return 0;
    case next_is_data:
        wire_of(bio).record_type = 0;
        return 0;
    default:
        return BIO_meth_get_ctrl(BIO_s_socket())(bio, command, number, pointer);
    }
}

const BIO_METHOD* method() {
    using Method = std::unique_ptr<BIO_METHOD, FreeBy<BIO_meth_free>>;
    static constinit Once once;
    static constinit BIO_METHOD* made = nullptr;  // never freed
    once([] {
        Method m(BIO_meth_new(BIO_TYPE_SOCKET, "tendril socket"));
        if (m == nullptr) {
            throw std::bad_alloc();
        }
        BIO_meth_set_create(m.get(), BIO_meth_get_create(BIO_s_socket()));
        BIO_meth_set_destroy(m.get(), BIO_meth_get_destroy(BIO_s_socket()));
        BIO_meth_set_write(m.get(), &write_wire);
        BIO_meth_set_read(m.get(), &read_wire);
        BIO_meth_set_ctrl(m.get(), &control_wire);
        made = m.release();
    });
    return made;
}

}  // namespace

BIO* new_bio(TlsWire& wire) {
    BIO* bio = BIO_new(method());
    if (bio == nullptr) {
        throw std::bad_alloc();
    }
    BIO_set_fd(bio, wire.descriptor->fd, BIO_NOCLOSE);
    BIO_set_data(bio, &wire);
    return bio;
}

}  // namespace tendril::detail
