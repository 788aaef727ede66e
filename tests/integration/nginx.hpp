// SPDX-License-Identifier: MIT
//
// nginx in the foreground, with a folder of its own, which it serves. For tests of the HTTP client.

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

#include "certificates.hpp"
#include "folder.hpp"
#include "peer.hpp"

namespace tendril {

inline const char nginx_program[] = "/usr/sbin/nginx";

// A port that was free a moment ago.
inline std::uint16_t free_port() {
    return listen("127.0.0.1:0").address().port();
}

// Waits until somebody listens there.
inline void until_listening(std::uint16_t port) {
    for (int i = 0; i < 2000; ++i) {
        try {
            connect("127.0.0.1", port);
            return;
        } catch (const std::system_error&) {
            sleep(std::chrono::milliseconds(10));
        }
    }
    ADD_FAILURE() << "nobody listens at port " << port;
}

class Nginx {
public:
    // server: directives of the server block, beside its root (www() in files()) and where it listens.
    explicit Nginx(const std::string& server = "") : port_(free_port()), tls_port_(free_port()) {
        const std::string dir = files_.path();
        std::string temporary;
        for (const char* what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
            temporary += std::string(what) + "_temp_path " + dir + "/" + what + ";\n";
        }
        files_.write("cert.pem", testing::server_identity().certificate);
        files_.write("key.pem", testing::server_identity().key);
        files_.write("www/index.html", "index");
        files_.write(
            "nginx.conf",
            "daemon off; master_process off; pid " + dir + "/pid; error_log " + dir +
                "/error.log;\nevents { worker_connections 512; }\nhttp { access_log off;\n" + temporary +
                "types { text/html html; text/plain txt; }\nserver { listen 127.0.0.1:" + std::to_string(port_) +
                "; listen 127.0.0.1:" + std::to_string(tls_port_) + " ssl; listen unix:" + dir +
                "/http.sock;\nssl_certificate " + dir + "/cert.pem; ssl_certificate_key " + dir + "/key.pem;\nroot " +
                dir + "/www;\n" + server + "\n} }\n");
        PopenOptions quiet;
        quiet.err = DEVNULL;
        peer_.emplace(std::vector<std::string>{nginx_program, "-p", dir, "-c", dir + "/nginx.conf"}, quiet);
        until_listening(port_);
    }

    std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
    std::string tls_url(const std::string& path = "/") const {
        return "https://localhost:" + std::to_string(tls_port_) + path;
    }
    std::string socket() const { return files_.path("http.sock"); }
    void page(const std::string& name, const std::string& content) const { files_.write("www/" + name, content); }

private:
    testing::TemporaryFolder files_;
    std::uint16_t port_;
    std::uint16_t tls_port_;
    std::optional<Peer> peer_;
};

}  // namespace tendril
