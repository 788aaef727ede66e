// SPDX-License-Identifier: MIT

#include "patch/host_hooks.hpp"
#include "base/libc.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "patch/host_answer.hpp"
#include "patch/offload.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

// What the functions without _r have answered last, on this OS thread.
struct Kept {
    std::array<HostAnswer, 16> answers;
    std::size_t next = 0;

    hostent* keep(HostAnswer answer) noexcept {
        HostAnswer& place = answers[next++ % answers.size()];
        place = std::move(answer);
        return place.get();
    }
};
thread_local Kept kept;

bool is_numeric(const char* name) noexcept {
    in6_addr six;
    in_addr four;
    return ::inet_aton(name, &four) != 0 || ::inet_pton(AF_INET6, name, &six) == 1;
}

// What to call in the pool: the question without where the answer goes.
struct ByName {
    std::string name;
    std::optional<int> family;
    int operator()(hostent* entry, char* buffer, std::size_t size, hostent** result, int* host_error) const noexcept {
        return family ? real.gethostbyname2_r(name.c_str(), *family, entry, buffer, size, result, host_error)
                      : real.gethostbyname_r(name.c_str(), entry, buffer, size, result, host_error);
    }
};

struct ByAddress {
    std::string address;
    int family;
    int operator()(hostent* entry, char* buffer, std::size_t size, hostent** result, int* host_error) const noexcept {
        return libc.gethostbyaddr_r(address.data(), static_cast<socklen_t>(address.size()), family, entry, buffer, size,
                                    result, host_error);
    }
};

template <class Question>
hostent* ask_and_keep(const char* what, Question question) noexcept {
    try {
        auto answer =
            offload_unthrown(what, [question = std::move(question)] { return HostAnswer::ask(question, 0, nullptr); });
        if (!answer) {
            errno = ECANCELED;
            h_errno = NETDB_INTERNAL;
            return nullptr;
        }
        if (answer->get() == nullptr) {
            errno = answer->system_error();
            h_errno = answer->host_error();
            return nullptr;
        }
        return kept.keep(std::move(*answer));
    } catch (const std::bad_alloc&) {
        errno = ENOMEM;
        h_errno = NETDB_INTERNAL;
        return nullptr;
    }
}

template <class Question>
int ask_into(const char* what, Question question, hostent* entry, char* buffer, std::size_t size, hostent** result,
             int* host_error) noexcept {
    *result = nullptr;
    try {
        const auto answer = offload_unthrown(what, [question = std::move(question), buffer, size] {
            return HostAnswer::ask(question, std::max<std::size_t>(size, 1), buffer);
        });
        if (!answer) {
            *host_error = NETDB_INTERNAL;
            return errno = ECANCELED;
        }
        if (answer->get() == nullptr) {
            errno = answer->system_error();
            *host_error = answer->host_error();
        } else {
            answer->copy_to(*entry, buffer, *result);
        }
        return answer->error();
    } catch (const std::bad_alloc&) {
        *host_error = NETDB_INTERNAL;
        return errno = ENOMEM;
    }
}

}  // namespace

hostent* host_by_name(const char* name) noexcept {
    return is_numeric(name) || !may_park() ? real.gethostbyname(name)
                                           : ask_and_keep("gethostbyname", ByName{name, std::nullopt});
}

hostent* host_by_name2(const char* name, int family) noexcept {
    return is_numeric(name) || !may_park() ? real.gethostbyname2(name, family)
                                           : ask_and_keep("gethostbyname2", ByName{name, family});
}

hostent* host_by_address(const void* address, socklen_t length, int family) noexcept {
    if (!may_park()) {
        return real.gethostbyaddr(address, length, family);
    }
    return ask_and_keep("gethostbyaddr", ByAddress{{static_cast<const char*>(address), length}, family});
}

int host_by_name_r(const char* name, hostent* entry, char* buffer, std::size_t size, hostent** result,
                   int* host_error) noexcept {
    if (is_numeric(name) || !may_park()) {
        return real.gethostbyname_r(name, entry, buffer, size, result, host_error);
    }
    return ask_into("gethostbyname_r", ByName{name, std::nullopt}, entry, buffer, size, result, host_error);
}

int host_by_name2_r(const char* name, int family, hostent* entry, char* buffer, std::size_t size, hostent** result,
                    int* host_error) noexcept {
    if (is_numeric(name) || !may_park()) {
        return real.gethostbyname2_r(name, family, entry, buffer, size, result, host_error);
    }
    return ask_into("gethostbyname2_r", ByName{name, family}, entry, buffer, size, result, host_error);
}

int host_by_address_r(const void* address, socklen_t length, int family, hostent* entry, char* buffer, std::size_t size,
                      hostent** result, int* host_error) noexcept {
    if (!may_park()) {
        return libc.gethostbyaddr_r(address, length, family, entry, buffer, size, result, host_error);
    }
    return ask_into("gethostbyaddr_r", ByAddress{{static_cast<const char*>(address), length}, family}, entry, buffer,
                    size, result, host_error);
}

}  // namespace tendril::patch::detail
