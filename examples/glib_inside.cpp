// SPDX-License-Identifier: MIT
//
// The reverse of inside_glib.cpp: GLib's main loop runs in one green thread, and lets the others run while it sleeps,
// because its poll function is tendril's. Needs libglib2.0-dev.
//
// A kill must not be thrown through GLib, which is written in C: it ends the loop, and goes on behind it.

#include <glib.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <span>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/select.hpp>

using namespace std::chrono_literals;

GMainLoop* loop;
std::exception_ptr error;  // that ended the loop

gint poll_here(GPollFD* descriptors, guint n, gint timeout) noexcept {
    static_assert(sizeof(GPollFD) == sizeof(pollfd));  // GLib promises that it is the same
    const tendril::Deadline deadline =
        timeout < 0 ? tendril::never : tendril::Deadline(std::chrono::milliseconds(timeout));
    try {
        return static_cast<gint>(tendril::poll(std::span(reinterpret_cast<pollfd*>(descriptors), n), deadline));
    } catch (...) {
        error = std::current_exception();
        g_main_loop_quit(loop);
        return 0;
    }
}

void run_loop() {
    g_main_loop_run(loop);
    if (error != nullptr) {
        std::rethrow_exception(std::exchange(error, nullptr));
    }
}

int main() {
    g_main_context_set_poll_func(nullptr, &poll_here);
    loop = g_main_loop_new(nullptr, FALSE);
    g_timeout_add(
        50,
        [](gpointer) -> gboolean {
            std::printf("a timeout of GLib's\n");
            g_main_loop_quit(loop);
            return G_SOURCE_REMOVE;
        },
        nullptr);
    const auto glib = tendril::spawn(run_loop);
    tendril::sleep(10ms);
    std::printf("a green thread, while GLib's loop sleeps\n");
    glib.join();
    g_main_loop_unref(loop);
}
