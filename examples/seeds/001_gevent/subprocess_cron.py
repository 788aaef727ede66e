# SPDX-License-Identifier: MIT
"""A child process is waited for while others run."""

import gevent
from gevent.subprocess import PIPE, Popen


def cron():
    while True:
        print("cron")
        gevent.sleep(0.2)


g = gevent.spawn(cron)
sub = Popen(["sleep 0.9; uname"], stdout=PIPE, shell=True)
out, err = sub.communicate()
g.kill()
print(out.rstrip().decode())
