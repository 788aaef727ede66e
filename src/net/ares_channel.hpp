// SPDX-License-Identifier: MIT
//
// AresChannel: c-ares inside a hub. The hub watches its descriptors, by an Io for each, and its time, by a Timer. Its
// system calls go through base/sys. Its callbacks run in the hub's own green thread, or inside a call of ares_query()
// and its like; they must neither throw nor wait. Its watchers keep no hub waiting: the callers of lookups do.

#pragma once

#include <ares.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tendril/dns.hpp>
#include <tendril/watchers.hpp>

#include "net/ares_sockets.hpp"

namespace tendril::detail {

class AresChannel {
public:
    // Throws: std::invalid_argument for servers or a source that are not addresses; std::runtime_error; std::bad_alloc.
    explicit AresChannel(const ResolverOptions& options);
    AresChannel(const AresChannel&) = delete;
    AresChannel& operator=(const AresChannel&) = delete;
    ~AresChannel() { drop(); }

    // Makes what drop() took away. Requires, for the next three: this.
    void have();
    ares_channel dns() const noexcept { return channel_; }
    ares_channel hosts() const noexcept { return hosts_; }  // asks the hosts file alone; has no descriptors
    int dots() const noexcept { return dots_; }
    const std::vector<std::string>& search() const noexcept { return search_; }

    // Whether resolv.conf has changed since it was read. Looks once a second at most.
    bool configuration_changed() noexcept;

    // Whether the last socket could not have the source of the options, as a text; else it is empty. For the questions
    // since forget_refusal().
    std::string refused_source() const;
    void forget_refusal() noexcept { sockets_.refused = 0; }

    // For when there are new questions.
    void arm_timer();

    // Ends all questions: their callbacks run. The idle channel has no descriptors.
    void cancel() noexcept;

    // The same, and frees the channel.
    void drop() noexcept;

private:
    void read_configuration();
    void open();
    void set_servers();
    const std::string& resolv_conf() const noexcept;
    void note_configuration() noexcept;
    void watch(ares_socket_t fd, bool readable, bool writable) noexcept;
    void process(ares_socket_t fd, IoEvents what);

    const ResolverOptions options_;
    ares_channel hosts_ = nullptr;
    ares_channel channel_ = nullptr;
    std::vector<std::string> search_;
    int dots_ = 1;
    std::map<ares_socket_t, Io> watched_;
    std::optional<tendril::Timer> timer_;  // not detail::Timer, which some sources see and others do not
    AresSockets sockets_;
    std::int64_t configuration_ns_ = 0;
    std::int64_t looked_ns_ = 0;
};

}  // namespace tendril::detail
