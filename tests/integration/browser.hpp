// SPDX-License-Identifier: MIT
//
// Browser: a headless Chromium, driven over its DevTools protocol by our own WebSocket.

#pragma once

#include <gtest/gtest.h>

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/process.hpp>

#include "folder.hpp"
#include "peer.hpp"

namespace tendril {

class Browser {
public:
    static constexpr char program[] = "/usr/bin/chromium-headless-shell";

    // With this page open.
    explicit Browser(const std::string& url) : process_(command(profile_.path()), options()) {
        const std::string at = Peer::after(process_.stderr_(), "DevTools listening on ");
        devtools_ = http::websocket_connect(at, {.max_message = std::size_t{16} << 20}, patience);
        const std::string page = text_in(ask("Target.createTarget", R"({"url":")" + url + R"("})"), "targetId");
        session_ =
            text_in(ask("Target.attachToTarget", R"({"targetId":")" + page + R"(","flatten":true})"), "sessionId");
    }
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;
    ~Browser() { end(); }

    // What this JavaScript comes to in the page, as a text; a promise is waited for. Neither has quotes (") in it.
    std::string evaluate(const std::string& script) {
        const std::string expression = "Promise.resolve(" + script + ").then(String)";
        return text_in(ask("Runtime.evaluate", R"({"expression":")" + expression + R"(","awaitPromise":true})"),
                       "value");
    }

    // Waits until it is "true".
    void until(const std::string& condition) {
        const Deadline deadline = patience;  // so that no test's end by force leaves a browser behind
        while (evaluate(condition) != "true") {
            if (deadline.passed()) {
                throw std::runtime_error("in the browser this did not come true: " + condition);
            }
            sleep(std::chrono::milliseconds(20));
        }
    }

    // Writes a picture of the page, as PNG in base64.
    void screenshot(const std::string& file) {
        std::ofstream(file) << text_in(ask("Page.captureScreenshot", R"({"format":"png"})"), "data");
    }

    // Kills it and all its processes, and waits until they are gone.
    void end() {
        devtools_.abort();
        if (!process_.poll().has_value()) {
            ::kill(-process_.pid(), SIGKILL);
            process_.wait();
        }
        while (alive_in_group(process_.pid()) > 0) {
            sleep(std::chrono::milliseconds(5));
        }
    }

private:
    static constexpr std::chrono::seconds patience{60};

    static std::vector<std::string> command(const std::string& profile) {
        return {program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + profile,
                "--remote-debugging-port=0",
                "about:blank"};
    }

    static PopenOptions options() {
        PopenOptions made;
        made.in = DEVNULL;
        made.out = DEVNULL;
        made.err = PIPE;
        made.process_group = 0;
        return made;
    }

    // Processes in the group that are not just waiting to be reaped by somebody else.
    static int alive_in_group(pid_t group) {
        int found = 0;
        for (const auto& each : std::filesystem::directory_iterator("/proc")) {
            std::ifstream file(each.path() / "stat");
            std::ostringstream text;
            text << file.rdbuf();
            const std::string stat = text.str();  // 12 (name) S ppid pgrp ...
            const std::size_t behind = stat.rfind(") ");
            if (behind == std::string::npos) {
                continue;
            }
            std::istringstream fields(stat.substr(behind + 2));
            char state = 0;
            pid_t parent = 0, its_group = 0;
            fields >> state >> parent >> its_group;
            found += its_group == group && state != 'Z' && state != 'X' ? 1 : 0;
        }
        return found;
    }

    // The answer to a command; events are passed over.
    std::string ask(const std::string& method, const std::string& parameters) {
        const std::string id = R"("id":)" + std::to_string(++asked_) + ",";
        devtools_.send("{" + id + R"("method":")" + method + R"(","params":)" + parameters +
                           (session_.empty() ? "" : R"(,"sessionId":")" + session_ + "\"") + "}",
                       patience);
        for (;;) {
            const auto message = devtools_.recv(patience);
            if (!message.has_value()) {
                throw std::runtime_error("the browser has gone");
            }
            if (message->data.starts_with("{" + id)) {
                return message->data;
            }
        }
    }

    static std::string text_in(const std::string& answer, const std::string& key) {
        const std::string before = "\"" + key + R"(":")";
        const std::size_t at = answer.find(before);
        if (at == std::string::npos) {
            throw std::runtime_error("the browser answered " + answer);
        }
        const std::size_t begin = at + before.size();
        return answer.substr(begin, answer.find('"', begin) - begin);
    }

    testing::TemporaryFolder profile_;
    Popen process_;
    http::WebSocket devtools_;
    std::string session_;
    int asked_ = 0;
};

}  // namespace tendril
