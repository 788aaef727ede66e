// SPDX-License-Identifier: MIT
//
// The login, on the green thread that connects: nobody else has the stream yet, so a kill or a deadline just ends it.

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/amqp/error.hpp>

#include "amqp/connection/connection_core.hpp"
#include "amqp/connection/connection_parts.hpp"
#include "amqp/connection/refusal.hpp"
#include "amqp/protocol/handshake.hpp"

namespace tendril::amqp::detail {

namespace {

// In whole seconds, as the protocol has it.
std::uint16_t heartbeat_of(const Url& url, const ConnectionOptions& options) {
    constexpr std::int64_t second = 1'000'000'000;
    const Duration wanted = options.heartbeat.value_or(Duration(url.heartbeat().value_or(std::chrono::seconds(60))));
    const std::int64_t seconds = wanted.count() / second + (wanted.count() % second != 0 ? 1 : 0);
    return static_cast<std::uint16_t>(std::min<std::int64_t>(seconds, UINT16_MAX));
}

HandshakeOptions handshake_options(const Url& url, const ConnectionOptions& options) {
    return {.user = url.user(),
            .password = url.password(),
            .external = options.external || url.auth_mechanism() == "external",
            .vhost = url.vhost(),
            .name = options.name,
            .client_properties = options.client_properties,
            .channel_max = url.channel_max().value_or(options.channel_max),
            .frame_max = options.frame_max,
            .heartbeat = heartbeat_of(url, options)};
}

class Login {
public:
    Login(Stream& stream, const Url& url, const ConnectionOptions& options, Deadline deadline)
        : stream_(stream), handshake_(handshake_options(url, options)), deadline_(deadline) {}

    void run() {
        handshake_.begin(out_);
        stream_.send_all(out_, deadline_);
        while (!take_frames()) {
            read();
        }
    }

    Agreement agreement() const {
        const method::ConnectionTuneOk& agreed = handshake_.agreed();
        return {.channel_max = agreed.channel_max == 0 ? std::uint16_t{UINT16_MAX} : agreed.channel_max,
                .frame_max = agreed.frame_max,
                .heartbeat = std::chrono::seconds(agreed.heartbeat),
                .server_properties = handshake_.server_properties()};
    }
    FrameReader&& frames() noexcept { return std::move(frames_); }

private:
    // Returns: whether the connection is open.
    bool take_frames() {
        while (const std::optional<Frame> frame = frames_.next()) {
            if (frame->type == FrameType::heartbeat) {
                continue;
            }
            if (frame->type != FrameType::method || frame->channel != 0) {
                throw ProtocolError("the broker sent a frame for a channel before the connection was open");
            }
            out_.clear();
            bool open = false;
            try {
                open = handshake_.take(frame->payload, out_);
            } catch (...) {
                say_last_words();
                throw;
            }
            if (!out_.empty()) {
                stream_.send_all(out_, deadline_);
            }
            if (open) {
                return true;
            }
        }
        return false;
    }

    void read() {
        std::size_t n = 0;
        try {
            n = stream_.recv(frames_.room(), deadline_);
        } catch (const TimeoutError&) {
            throw;
        } catch (const std::system_error&) {
            hung_up();
            throw;
        }
        if (n == 0) {
            hung_up();
            std::rethrow_exception(lost(std::make_error_code(std::errc::connection_reset),
                                        "the broker ended the connection during the login without a word"));
        }
        frames_.filled(n);
    }

    void hung_up() const {
        if (const std::exception_ptr refused = handshake_.hung_up()) {
            std::rethrow_exception(refused);
        }
    }

    void say_last_words() {
        try {
            stream_.send_all(out_, std::chrono::seconds(0));
        } catch (const std::exception&) {  // the other error says more
        }
    }

    Stream& stream_;
    Handshake handshake_;
    const Deadline deadline_;
    FrameReader frames_;
    std::string out_;
};

}  // namespace

std::shared_ptr<ConnectionCore> ConnectionCore::login(std::shared_ptr<Stream> stream, const Url& url,
                                                      const ConnectionOptions& options, Deadline deadline) {
    Login login(*stream, url, options, deadline);
    login.run();
    const std::shared_ptr<ConnectionCore> core(new ConnectionCore(std::move(stream), options, login.agreement()));
    core->start(login.frames());
    return core;
}

}  // namespace tendril::amqp::detail
