// SPDX-License-Identifier: MIT
//
// The reverse of inside_glib.cpp: GLib's main loop runs in one green thread, and lets the others run while it sleeps,
// because its poll function is tendril's. Needs libglib2.0-dev.

#include <glib.h>

#include <chrono>
#include <cstdio>
#include <span>

#include <tendril/greenlet.hpp>
#include <tendril/select.hpp>

using namespace std::chrono_literals;

gint poll_here(GPollFD* descriptors, guint n, gint timeout) {
    static_assert(sizeof(GPollFD) == sizeof(pollfd));  // GLib promises that it is the same
    const tendril::Deadline deadline =
        timeout < 0 ? tendril::never : tendril::Deadline(std::chrono::milliseconds(timeout));
    return static_cast<gint>(tendril::poll(std::span(reinterpret_cast<pollfd*>(descriptors), n), deadline));
}

int main() {
    g_main_context_set_poll_func(nullptr, &poll_here);
    GMainLoop* const loop = g_main_loop_new(nullptr, FALSE);
    g_timeout_add(
        50,
        [](gpointer data) -> gboolean {
            std::printf("a timeout of GLib's\n");
            g_main_loop_quit(static_cast<GMainLoop*>(data));
            return G_SOURCE_REMOVE;
        },
        loop);
    const auto glib = tendril::spawn([loop] { g_main_loop_run(loop); });
    tendril::sleep(10ms);
    std::printf("a green thread, while GLib's loop sleeps\n");
    glib.join();
    g_main_loop_unref(loop);
}
