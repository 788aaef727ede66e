// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Url: where the broker is, and the login (www.rabbitmq.com/uri-spec.html, uri-query-parameters.html).
//
//     amqps://user:password@rabbit-a,rabbit-b:5671/shop?heartbeat=10&connection_timeout=5000
//
// Everything may be percent-encoded; "/%2f" or no path is the vhost "/", "/" alone is the vhost with the empty name, as
// the specification says. Hosts are tried in any order. Never printed with the password. Pure; any thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tendril::amqp {

class Url {
public:
    // One of its hosts.
    struct Host {
        std::string name;    // or an address; IPv6 without brackets
        std::uint16_t port;  // 5672, or 5671 for TLS, unless the URL has it
        friend bool operator==(const Host&, const Host&) = default;
    };

    // Throws: std::invalid_argument, which says what is wrong and does not quote the text, as that may hold a password.
    Url(std::string_view text);  // implicit on purpose
    Url(const std::string& text) : Url(std::string_view(text)) {}
    Url(const char* text) : Url(std::string_view(text)) {}

    bool secure() const noexcept { return secure_; }                    // amqps
    const std::vector<Host>& hosts() const noexcept { return hosts_; }  // at least one
    const std::string& user() const noexcept { return user_; }          // "guest" if none is given
    const std::string& password() const noexcept { return password_; }  // "guest" if no user is given
    const std::string& vhost() const noexcept { return vhost_; }        // the virtual host; "/" by default

    // From the query; nothing where it does not say.
    std::optional<std::chrono::seconds> heartbeat() const noexcept { return heartbeat_; }
    std::optional<std::chrono::milliseconds> connection_timeout() const noexcept { return connection_timeout_; }
    std::optional<std::uint16_t> channel_max() const noexcept { return channel_max_; }
    const std::string& auth_mechanism() const noexcept { return auth_mechanism_; }      // "plain", "external", or empty
    const std::string& ca_file() const noexcept { return ca_file_; }                    // cacertfile
    const std::string& certificate_file() const noexcept { return certificate_file_; }  // certfile
    const std::string& key_file() const noexcept { return key_file_; }                  // keyfile
    bool verify() const noexcept { return verify_; }                                    // verify=verify_none is false
    const std::string& server_name() const noexcept { return server_name_; }            // server_name_indication

    std::string to_string() const;  // without user and password, and without the query

private:
    void read_authority(std::string_view authority);
    void read_query(std::string_view query);
    void read_parameter(std::size_t position, std::string_view name, std::string value);

    bool secure_ = false;
    std::vector<Host> hosts_;
    std::string user_ = "guest";
    std::string password_ = "guest";
    std::string vhost_ = "/";
    std::optional<std::chrono::seconds> heartbeat_;
    std::optional<std::chrono::milliseconds> connection_timeout_;
    std::optional<std::uint16_t> channel_max_;
    std::string auth_mechanism_;
    std::string ca_file_;
    std::string certificate_file_;
    std::string key_file_;
    bool verify_ = true;
    std::string server_name_;
};

}  // namespace tendril::amqp
