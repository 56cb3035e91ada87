/* The scenarios by which the model of a stock Sentinel is compared with real ones. */
#include "tests/sim/stock_stage.h"

const struct scenario scenarios[] = {
    { "killed master", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 kill s1\n"
        "await all +switch-master\n"
        "3000 end\n" },
    { "hung master", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 hang s1\n"
        "await all +switch-master\n"
        "3000 end\n" },
    { "old master returns", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 kill s1\n"
        "await all +switch-master\n"
        "4000 start s1\n"
        "await any +convert-to-slave\n"
        "3000 end\n" },
    { "hung master goes on", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 hang s1\n"
        "await all +switch-master\n"
        "3000 wake s1\n"
        "await any +convert-to-slave\n"
        "3000 end\n" },
    { "replica killed", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 kill s2\n"
        "await all +sdown\n"
        "1000 start s2\n"
        "await all -sdown\n"
        "1000 end\n" },
    { "sentinel killed", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 kill k2\n"
        "3000 start k2\n"
        "await k1 -sdown\n"
        "await k3 -sdown\n"
        "3000 end\n" },
    { "sentinel hung", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 hang k2\n"
        "4000 wake k2\n"
        "await k2 +tilt\n"
        "3000 end\n" },
    { "by command", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 failover k1\n"
        "await all +switch-master\n"
        "await any +convert-to-slave\n"
        "3000 end\n" },
    { "by command, replica dead", 3, 2, 1500, 10000, { 100, 100, 50 },
        "500 kill s2\n"
        "await all +sdown\n"
        "500 failover k1\n"
        "await all +switch-master\n"
        "3000 end\n" },
    { "nobody to promote", 3, 2, 1500, 3000, { 100, 0, 0 },
        "500 kill s1\n"
        "await any -failover-abort-no-good-slave\n"
        "500 start s1\n"
        "await all -sdown\n"
        "1000 end\n" },
    { "majority lost", 4, 2, 1500, 3000, { 100, 100, 100 },
        "500 kill k3\n"
        "0 kill k4\n"
        "3000 kill s1\n"
        "await any -failover-abort-not-elected\n"
        "500 start s1\n"
        "await k1 -sdown\n"
        "await k2 -sdown\n"
        "1000 end\n" },
    { "second try", 3, 2, 1500, 3000, { 100, 100, 100 },
        "500 kill k2\n"
        "0 kill k3\n"
        "3000 kill s1\n"
        "3000 start k2\n"
        "await all +switch-master\n"
        "3000 end\n" },
    { "selected replica hangs", 3, 2, 1500, 4000, { 100, 50, 100 },
        "500 kill s1\n"
        "await any +selected-slave\n"
        "0 hang s2\n"
        "await any -failover-abort-slave-timeout\n"
        "500 wake s2\n"
        "1000 end\n" },
    { "other replica dead", 3, 2, 1500, 10000, { 100, 50, 100 },
        "500 kill s3\n"
        "await all +sdown\n"
        "500 kill s1\n"
        "await all +switch-master\n"
        "3000 start s3\n"
        "await all -sdown\n"
        "12000 end\n" },
    { "a failover missed", 3, 2, 1500, 10000, { 100, 100, 100 },
        "500 kill k3\n"
        "500 kill s1\n"
        "await k1 +switch-master\n"
        "await k2 +switch-master\n"
        "1000 start k3\n"
        "await k3 +switch-master\n"
        "3000 end\n" },
    { "replica led astray", 3, 2, 1500, 3000, { 100, 100, 100 },
        "500 follow s2 s3\n"
        "await any +fix-slave-config\n"
        "3000 end\n" },
};

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
