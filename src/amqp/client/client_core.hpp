// SPDX-License-Identifier: MIT
//
// ClientCore: what a Client, its Publishers, Consumers and RpcClients share: the two connections, the topology, the
// events. After end() it is inert. Belongs to the OS thread of the hub that made it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/deadline.hpp>

#include "amqp/client/declarer.hpp"
#include "amqp/client/event_line.hpp"
#include "amqp/client/keeper.hpp"
#include "amqp/client/publish_gate.hpp"

namespace tendril::amqp::detail {

class PublisherCore;
class ClientConsumer;

class ClientCore final : public Keeper::Owner, public std::enable_shared_from_this<ClientCore> {
public:
    // Throws: std::invalid_argument for options that make no sense.
    ClientCore(const Url& url, ClientOptions options);
    ~ClientCore();

    void start();  // as soon as a shared_ptr has it

    Keeper& publishing();  // started with the first call. Throws: as spawn()
    Keeper& other() noexcept { return other_; }
    TopologyPlan& plan() noexcept { return declarer_.plan(); }
    void declare_again() noexcept { other_.want_first(declarer_); }
    void declare_later(const std::vector<Declaration>& steps);  // as soon as it can be

    // Calls f(channel) with a channel of the other connection, of its own, when that is up; again if it is lost
    // meanwhile. Throws: what f throws; TimeoutError; Interrupt; what ended the Client.
    template <class F>
    auto with_channel(Deadline deadline, F f) {
        const std::shared_ptr<ClientCore> self = shared_from_this();
        for (;;) {
            const std::shared_ptr<ConnectionCore> connection = other_.await_up(deadline);
            try {
                Channel channel = take_channel(connection, deadline);
                if constexpr (std::is_void_v<decltype(f(channel))>) {
                    f(channel);
                    give_channel(std::move(channel));
                    return;
                } else {
                    auto result = f(channel);
                    give_channel(std::move(channel));
                    return result;
                }
            } catch (const std::exception&) {
                if (!lost(*connection)) {
                    throw;
                }
            }
        }
    }

    std::optional<Delivery> get(std::string_view queue, Deadline deadline);

    bool connected() const noexcept;
    bool blocked() const noexcept;
    ClientStats stats() const noexcept;
    void wait_connected(Deadline deadline);

    void close(Deadline deadline);
    void close_now() noexcept;  // without waiting
    // Ends everything by `why`, without waiting. Idempotent.
    void end(const std::exception_ptr& why) noexcept;
    void check() const { other_.check(); }
    void check_thread() const;

    // Those that live, for stats() and close().
    void add(PublisherCore& one);
    void add(ClientConsumer& one);
    void remove(PublisherCore& one) noexcept;
    void remove(ClientConsumer& one) noexcept;
    void count_resent() noexcept { ++resent_; }

    // Of the Keepers.
    std::shared_ptr<Keeper::Owner> share_owner() override { return shared_from_this(); }
    void report(ClientEvent::Kind kind, bool publishing, std::string_view text) noexcept override;
    void hopeless(const std::exception_ptr& why) noexcept override { end(why); }

private:
    Channel take_channel(const std::shared_ptr<ConnectionCore>& connection, Deadline deadline);
    void give_channel(Channel channel) noexcept;
    static bool lost(const ConnectionCore& connection) noexcept { return connection.error() != nullptr; }
    void flush_publishers(Deadline deadline);
    void close_consumers(Deadline deadline);

    const std::uint64_t thread_;
    const Url url_;
    const ClientOptions options_;
    const std::shared_ptr<EventLine> events_;
    Declarer declarer_;
    Keeper other_;
    Keeper publishing_;
    PublishGate gate_;
    std::vector<Channel> spare_;  // of the other connection, for with_channel()
    std::vector<PublisherCore*> publishers_;
    std::vector<ClientConsumer*> consumers_;
    std::uint64_t resent_ = 0;
    bool closed_ = false;  // by us
    bool ended_ = false;
};

}  // namespace tendril::amqp::detail
