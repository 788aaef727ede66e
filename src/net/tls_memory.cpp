// SPDX-License-Identifier: MIT

#include "net/tls_memory.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/once.hpp"
#include "net/tls_context.hpp"

namespace tendril::detail {

namespace {

TlsMemory& memory_of(BIO* bio) noexcept {
    return *static_cast<TlsMemory*>(BIO_get_data(bio));
}

int write_memory(BIO* bio, const char* p, int n) noexcept {
    TlsMemory& memory = memory_of(bio);
    BIO_clear_retry_flags(bio);
    const std::size_t size = std::min(static_cast<std::size_t>(n), TlsMemory::most_out - memory.out.size());
    if (size == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    try {
        memory.out.append(p, size);
    } catch (const std::bad_alloc&) {
        memory.no_memory = true;
        return -1;
    }
    return static_cast<int>(size);
}

int read_memory(BIO* bio, char* p, int n) noexcept {
    TlsMemory& memory = memory_of(bio);
    BIO_clear_retry_flags(bio);
    const std::size_t size = std::min(static_cast<std::size_t>(n), memory.filled - memory.taken);
    if (size > 0) {
        std::memcpy(p, memory.in.get() + memory.taken, size);
        memory.taken += size;
        if (memory.taken == memory.filled) {
            memory.taken = memory.filled = 0;
        }
        return static_cast<int>(size);
    }
    if (memory.ended) {
        return 0;
    }
    memory.starved = true;
    BIO_set_retry_read(bio);
    return -1;
}

long control_memory(BIO* bio, int command, long, void*) noexcept {
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
        return 1;
    case BIO_CTRL_EOF:
        return memory_of(bio).ended && memory_of(bio).filled == memory_of(bio).taken ? 1 : 0;
    default:
        return 0;
    }
}

int create_memory(BIO* bio) noexcept {
    BIO_set_init(bio, 1);
    return 1;
}

const BIO_METHOD* method() {
    using Method = std::unique_ptr<BIO_METHOD, FreeBy<BIO_meth_free>>;
    static constinit Once once;
    static constinit BIO_METHOD* made = nullptr;  // never freed
    once([] {
        Method m(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tendril memory"));
        if (m == nullptr) {
            throw std::bad_alloc();
        }
        BIO_meth_set_create(m.get(), &create_memory);
        BIO_meth_set_write(m.get(), &write_memory);
        BIO_meth_set_read(m.get(), &read_memory);
        BIO_meth_set_ctrl(m.get(), &control_memory);
        made = m.release();
    });
    return made;
}

}  // namespace

TlsMemory::TlsMemory() : in(std::make_unique_for_overwrite<std::byte[]>(most_in)) {}

BIO* new_bio(TlsMemory& memory) {
    BIO* bio = BIO_new(method());
    if (bio == nullptr) {
        throw std::bad_alloc();
    }
    BIO_set_data(bio, &memory);
    return bio;
}

}  // namespace tendril::detail
