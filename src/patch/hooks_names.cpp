// SPDX-License-Identifier: MIT
//
// The hooks of the names of hosts. Names go to the C library's own functions in a pool of OS threads (offload.hpp), and
// not to tendril's resolver: nsswitch.conf, its modules and their order stay what they are for the C code, which is
// what it was tested with. Numeric addresses, which need no lookup, are read in the calling OS thread.

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/libc.hpp"
#include "patch/hooks.hpp"
#include "patch/host_hooks.hpp"
#include "patch/offload.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

struct Addresses {
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> list{nullptr, &::freeaddrinfo};
    int result = 0;
    int system_error = 0;
};

Addresses ask(const std::string& node, const std::optional<std::string>& service, const addrinfo* hints) {
    Addresses answer;
    addrinfo* found = nullptr;
    answer.result = libc.getaddrinfo(node.c_str(), service ? service->c_str() : nullptr, hints, &found);
    answer.system_error = errno;
    if (answer.result == 0) {
        answer.list.reset(found);
    }
    return answer;
}

int canceled_name() noexcept {
    errno = ECANCELED;
    return EAI_SYSTEM;
}

int in_pool(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
    const std::optional<addrinfo> wanted = hints != nullptr ? std::optional(*hints) : std::nullopt;
    const std::optional<std::string> port = service != nullptr ? std::optional<std::string>(service) : std::nullopt;
    auto answer = offload_unthrown("getaddrinfo", [name = std::string(node), port, wanted] {
        return ask(name, port, wanted ? &*wanted : nullptr);
    });
    if (!answer) {
        return canceled_name();
    }
    if (answer->result == 0) {
        *result = answer->list.release();
    } else if (answer->result == EAI_SYSTEM) {
        errno = answer->system_error;
    }
    return answer->result;
}

int get_addresses(const char* node, const char* service, const addrinfo* hints, addrinfo** result) noexcept {
    constexpr int needs_no_lookup = AI_NUMERICHOST;
    if (node == nullptr || (hints != nullptr && (hints->ai_flags & needs_no_lookup) != 0) || !may_park()) {
        return libc.getaddrinfo(node, service, hints, result);
    }
    const int error = errno;
    addrinfo numeric{};
    numeric.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG;  // what no hints mean
    if (hints != nullptr) {
        numeric = *hints;
    }
    numeric.ai_flags |= AI_NUMERICHOST;
    if (const int r = libc.getaddrinfo(node, service, &numeric, result); r != EAI_NONAME) {
        return r;
    }
    errno = error;
    try {
        return in_pool(node, service, hints, result);
    } catch (const std::bad_alloc&) {
        return EAI_MEMORY;
    }
}

struct Names {
    std::vector<char> host;
    std::vector<char> service;
    int result = 0;
    int system_error = 0;
};

int names_in_pool(const sockaddr* address, socklen_t length, char* host, socklen_t host_size, char* service,
                  socklen_t service_size, int flags) {
    sockaddr_storage copy{};
    std::memcpy(&copy, address, length);
    auto answer = offload_unthrown("getnameinfo", [copy, length, host_size, service_size, flags] {
        Names names{std::vector<char>(host_size), std::vector<char>(service_size)};
        names.result = real.getnameinfo(reinterpret_cast<const sockaddr*>(&copy), length, names.host.data(), host_size,
                                        names.service.empty() ? nullptr : names.service.data(), service_size, flags);
        names.system_error = errno;
        return names;
    });
    if (!answer) {
        return canceled_name();
    }
    if (answer->result == 0) {
        std::memcpy(host, answer->host.data(), host_size);
        if (service != nullptr) {
            std::memcpy(service, answer->service.data(), service_size);
        }
    } else if (answer->result == EAI_SYSTEM) {
        errno = answer->system_error;
    }
    return answer->result;
}

int get_names(const sockaddr* address, socklen_t length, char* host, socklen_t host_size, char* service,
              socklen_t service_size, int flags) noexcept {
    const bool wants_lookup = host != nullptr && host_size != 0 && (flags & NI_NUMERICHOST) == 0 &&
                              address != nullptr && address->sa_family != AF_UNIX && length <= sizeof(sockaddr_storage);
    if (!wants_lookup || !may_park()) {
        return real.getnameinfo(address, length, host, host_size, service, service_size, flags);
    }
    try {
        return names_in_pool(address, length, host, host_size, service, service == nullptr ? 0 : service_size, flags);
    } catch (const std::bad_alloc&) {
        return EAI_MEMORY;
    }
}

}  // namespace

Hooks name_hooks() noexcept {
    static const std::array hooks{
        Hook("getaddrinfo", Class::names, &get_addresses),
        Hook("getnameinfo", Class::names, &get_names),
        Hook("gethostbyname", Class::names, &host_by_name),
        Hook("gethostbyname2", Class::names, &host_by_name2),
        Hook("gethostbyaddr", Class::names, &host_by_address),
        Hook("gethostbyname_r", Class::names, &host_by_name_r),
        Hook("gethostbyname2_r", Class::names, &host_by_name2_r),
        Hook("gethostbyaddr_r", Class::names, &host_by_address_r),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
