// SPDX-License-Identifier: MIT
//
// Green threads inside GLib's main loop, which GTK programs run: the loop watches the hub's descriptor, and gives the
// hub a turn when that is readable or its time has come. Needs libglib2.0-dev.
//
// A turn may throw, as for Ctrl-C, and GLib is written in C: the error ends the loop, and goes on behind it.

#include <glib-unix.h>
#include <glib.h>

#include <chrono>
#include <cstdio>
#include <exception>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

using namespace std::chrono_literals;

// A source of the main loop that is the hub.
struct HubSource {
    GSource base;
    gpointer tag;
    GMainLoop* loop;
    static inline std::exception_ptr error;

    static gboolean prepare(GSource*, gint* timeout) {
        *timeout = -1;
        return FALSE;
    }
    static gboolean check(GSource* source) {
        const gint64 ready = g_source_get_ready_time(source);
        const auto* self = reinterpret_cast<HubSource*>(source);
        return g_source_query_unix_fd(source, self->tag) != 0 || (ready >= 0 && ready <= g_source_get_time(source));
    }
    static gboolean dispatch(GSource* source, GSourceFunc, gpointer) noexcept {
        try {
            const tendril::Deadline next = tendril::Hub::current().turn();
            // Both clocks are CLOCK_MONOTONIC; GLib counts in microseconds.
            g_source_set_ready_time(source, next.is_never() ? -1 : next.ns() / 1000 + 1);
        } catch (...) {
            error = std::current_exception();
            g_main_loop_quit(reinterpret_cast<HubSource*>(source)->loop);
        }
        return G_SOURCE_CONTINUE;
    }
};

int main() {
    GMainLoop* const loop = g_main_loop_new(nullptr, FALSE);
    static GSourceFuncs functions = {
        &HubSource::prepare, &HubSource::check, &HubSource::dispatch, nullptr, nullptr, nullptr};
    GSource* const hub = g_source_new(&functions, sizeof(HubSource));
    reinterpret_cast<HubSource*>(hub)->loop = loop;
    reinterpret_cast<HubSource*>(hub)->tag = g_source_add_unix_fd(hub, tendril::Hub::current().descriptor(), G_IO_IN);
    g_source_set_ready_time(hub, 0);  // the first turn
    g_source_attach(hub, nullptr);

    const auto work = tendril::spawn([loop] {
        for (int i = 1; i <= 3; ++i) {
            tendril::sleep(20ms);
            std::printf("a green thread, %d\n", i);
        }
        g_main_loop_quit(loop);
    });
    g_timeout_add(
        30,
        [](gpointer) -> gboolean {
            std::printf("a timeout of GLib's\n");
            return G_SOURCE_REMOVE;
        },
        nullptr);
    g_main_loop_run(loop);
    if (HubSource::error != nullptr) {
        std::rethrow_exception(HubSource::error);
    }
    work.join();
    g_source_destroy(hub);
    g_source_unref(hub);
    g_main_loop_unref(loop);
}
