// SPDX-License-Identifier: MIT

#include "net/ares_channel.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/on_exit.hpp"
#include "base/once.hpp"
#include "base/sys.hpp"

namespace tendril::detail {

namespace {

constexpr std::int64_t look_again_ns = 1'000'000'000;
constexpr Duration default_try_timeout = std::chrono::seconds(2);
constexpr std::int64_t longest_try_ms = 86'400'000;  // c-ares multiplies it, as an int, for later tries
constexpr int default_tries = 3;

void initialise_library() {
    static constinit Once once;
    once([] {
        if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
            throw std::runtime_error("c-ares cannot be initialised");
        }
    });
}

void init(ares_channel& channel, ares_options& raw, int mask) {
    if (const int r = ares_init_options(&channel, &raw, mask); r != ARES_SUCCESS) {
        channel = nullptr;
        throw std::runtime_error(std::string("c-ares cannot make a channel: ") + ares_strerror(r));
    }
}

}  // namespace

AresChannel::AresChannel(const ResolverOptions& options) : options_(options) {
    initialise_library();
    if (!options_.source.empty()) {
        sockets_.source = Address::ip(options_.source, 0);
    }
    sockets_.udp_port = options_.source_port;
    sockets_.tcp_port = options_.source_port_tcp;
    have();
}

const std::string& AresChannel::resolv_conf() const noexcept {
    static const std::string usual = "/etc/resolv.conf";
    return options_.resolv_conf.empty() ? usual : options_.resolv_conf;
}

void AresChannel::have() {
    if (channel_ != nullptr) {
        return;
    }
    try {
        read_configuration();
        open();
    } catch (...) {
        drop();
        throw;
    }
    note_configuration();
}

// Makes the channel that asks the hosts file alone. Takes the search list and the dots from it, which c-ares has read
// from resolv.conf, LOCALDOMAIN and RES_OPTIONS, unless the options give them.
void AresChannel::read_configuration() {
    ares_options raw{};
    std::string lookups = "f";
    raw.lookups = lookups.data();
    std::string path = resolv_conf();
    raw.resolvconf_path = path.data();
    init(hosts_, raw, ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF);
    ares_options found{};
    int mask = 0;
    if (ares_save_options(hosts_, &found, &mask) != ARES_SUCCESS) {
        ares_destroy_options(&found);
        throw std::bad_alloc();
    }
    const OnExit destroyed([&] { ares_destroy_options(&found); });
    dots_ = options_.dots.value_or(found.ndots);
    search_ = options_.search.has_value() ? *options_.search
                                          : std::vector<std::string>(found.domains, found.domains + found.ndomains);
}

// Makes the channel that asks the DNS. SearchList tries the domains, since c-ares would give up at the first failure.
void AresChannel::open() {
    ares_options raw{};
    raw.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) noexcept {
        static_cast<AresChannel*>(self)->watch(fd, readable != 0, writable != 0);
    };
    raw.sock_state_cb_data = this;
    const Duration patience = options_.try_timeout == Duration() ? default_try_timeout : options_.try_timeout;
    raw.timeout = static_cast<int>(std::min<std::int64_t>(patience.count() / 1'000'000, longest_try_ms));
    raw.tries = options_.tries > 0 ? options_.tries : default_tries;
    raw.flags = options_.tcp ? ARES_FLAG_USEVC : 0;
    std::string lookups = "b";
    raw.lookups = lookups.data();
    std::string path = resolv_conf();
    raw.resolvconf_path = path.data();
    init(channel_, raw,
         ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
             ARES_OPT_DOMAINS | (options_.tcp ? ARES_OPT_FLAGS : 0) | (options_.rotate ? ARES_OPT_ROTATE : 0));
    ares_set_socket_functions(channel_, &ares_through_sys, &sockets_);
    set_servers();
}

void AresChannel::set_servers() {
    std::string all;
    for (const std::string& each : options_.servers) {
        all += (all.empty() ? "" : ",") + each;
    }
    const char* source = "ResolverOptions";
    if (all.empty()) {
        const char* named = std::getenv("TENDRIL_NAMESERVERS");
        all = named != nullptr ? named : "";
        source = "TENDRIL_NAMESERVERS";
    }
    if (!all.empty() && ares_set_servers_ports_csv(channel_, all.c_str()) != ARES_SUCCESS) {
        throw std::invalid_argument(std::string(source) + ": \"" + all + "\" is not a list of servers' addresses");
    }
}

std::string AresChannel::refused_source() const {
    if (sockets_.refused == 0) {
        return {};
    }
    std::string source = options_.source;
    for (const auto& [port, kind] : {std::pair(sockets_.udp_port, "UDP"), std::pair(sockets_.tcp_port, "TCP")}) {
        if (port != 0) {
            source += std::string(source.empty() ? "" : ", ") + kind + " port " + std::to_string(port);
        }
    }
    return "cannot ask from " + source + ": " + std::generic_category().message(sockets_.refused);
}

void AresChannel::cancel() noexcept {
    if (channel_ != nullptr) {
        ares_cancel(channel_);
    }
    timer_.reset();
}

void AresChannel::drop() noexcept {
    if (channel_ != nullptr) {
        ares_destroy(std::exchange(channel_, nullptr));
    }
    if (hosts_ != nullptr) {
        ares_destroy(std::exchange(hosts_, nullptr));
    }
    watched_.clear();
    timer_.reset();
}

bool AresChannel::configuration_changed() noexcept {
    const std::int64_t now = Deadline::now_ns();
    if (!options_.servers.empty() || now - looked_ns_ < look_again_ns) {
        return false;
    }
    looked_ns_ = now;
    sys::FileStatus status{};
    return sys::file_status(resolv_conf(), status) == 0 && status.modified_ns != configuration_ns_;
}

void AresChannel::note_configuration() noexcept {
    sys::FileStatus status{};
    configuration_ns_ = sys::file_status(resolv_conf(), status) == 0 ? status.modified_ns : 0;
    looked_ns_ = Deadline::now_ns();
}

// c-ares calls it when it wants to be notified of other events of the socket; of none when it closes the socket.
void AresChannel::watch(ares_socket_t fd, bool readable, bool writable) noexcept {
    watched_.erase(fd);
    if (!readable && !writable) {
        return;
    }
    const IoEvents events =
        (readable ? IoEvents::read : IoEvents::none) | (writable ? IoEvents::write : IoEvents::none);
    try {
        watched_.emplace(fd, Io(fd, events, [this, fd](IoEvents what) { process(fd, what); }, {.ref = false}));
    } catch (...) {
        // The timer will end the lookups that wait for this socket.
    }
}

void AresChannel::process(ares_socket_t fd, IoEvents what) {
    sockets_.packets = AresSockets::most_packets;
    ares_process_fd(channel_, any(what & IoEvents::read) ? fd : ARES_SOCKET_BAD,
                    any(what & IoEvents::write) ? fd : ARES_SOCKET_BAD);
    arm_timer();
}

void AresChannel::arm_timer() {
    timeval time{};
    if (channel_ == nullptr || ares_timeout(channel_, nullptr, &time) == nullptr) {
        timer_.reset();
        return;
    }
    timer_.emplace(
        std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec),
        [this] {
            ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            arm_timer();
        },
        TimerOptions{.ref = false});
}

}  // namespace tendril::detail
