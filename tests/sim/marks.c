#include "tests/sim/marks.h"

#include <string.h>

const struct mark_row mark_table[MARK_COUNT] = {
    [MARK_VOTE] = { "vote", "+vote-for-leader", 200, "a vote was given" },
    [MARK_VOTE_AGAIN] = { "vote told again", NULL, 50,
        "a vote was told that had been told before" },
    [MARK_ATTEMPT] = { "attempt", "+try-failover", 200, "an attempt began" },
    [MARK_SPLIT] = { "split", NULL, 1, "two attempts under one epoch" },
    [MARK_ELECTED] = { "elected", "+elected-leader", 100, "an attempt won its election" },
    [MARK_NOT_ELECTED] = { "not elected", "-failover-abort-not-elected", 5, "an attempt lost it" },
    [MARK_PROMOTION] = { "promotion sent", NULL, 100, "a replica was told to be master" },
    [MARK_PROMOTION_REFUSED] = { "promotion refused", NULL, 1, "and certainly did not become it" },
    [MARK_PROMOTION_UNKNOWN] = { "promotion unknown", NULL, 5,
        "the link was lost before its answer" },
    [MARK_PROMOTED] = { "promoted", "+promoted-slave", 100, "a promotion was confirmed" },
    [MARK_SWITCH] = { "switch", "+switch-master", 200, "a vedette took a new master" },
    [MARK_FAILOVER_END] = { "failover end", "+failover-end", 50, "all replicas followed" },
    [MARK_FAILOVER_END_TIMEOUT] = { "failover end, late", "+failover-end-for-timeout", 5,
        "some replica did not follow in time" },
    [MARK_NO_GOOD_REPLICA] = { "no good replica", "-failover-abort-no-good-slave", 5,
        "there was nobody to promote" },
    [MARK_REPLICA_TIMEOUT] = { "replica timeout", "-failover-abort-slave-timeout", 1,
        "the promotion came to nothing" },
    [MARK_FORCED] = { "forced", NULL, 10, "SENTINEL FAILOVER was accepted" },
    [MARK_FORCED_CLASH] = { "forced, clash", NULL, 0,
        "two configurations of one epoch, one of them by force" },
    [MARK_COORDINATED] = { "coordinated", NULL, 10, "SENTINEL FAILOVER COORDINATED was accepted" },
    [MARK_HANDOVER] = { "handover", NULL, 5, "a master was told to hand over" },
    [MARK_HANDED_OVER] = { "handed over", NULL, 2,
        "and did: it, or the new one, was told that it is over" },
    [MARK_RESET] = { "reset", NULL, 50, "SENTINEL RESET was carried out" },
    [MARK_SET] = { "set", NULL, 50, "SENTINEL SET was carried out" },
    [MARK_REMOVED] = { "removed", NULL, 50, "SENTINEL REMOVE was carried out" },
    [MARK_MONITORED] = { "monitored", NULL, 50, "SENTINEL MONITOR was carried out" },
    [MARK_CONFIG_SET] = { "config set", NULL, 20, "SENTINEL CONFIG SET was carried out" },
    [MARK_RELOAD] = { "reload", NULL, 100, "a changed file was taken" },
    [MARK_RELOAD_REFUSED] = { "reload refused", NULL, 10, "a file was refused" },
    [MARK_LED_BACK] = { "led back", NULL, 0, "a server that all were made to forget" },
    [MARK_SIMULATED] = { "simulated crash", NULL, 1, "SENTINEL SIMULATE-FAILURE ended a process" },
    [MARK_LONE_LEADER] = { "lone leader", NULL, 0,
        "elected by one that was made to forget its peers" },
    [MARK_AMBUSH] = { "ambush", NULL, 50, "a fault waited for a failover" },
    [MARK_NO_MASTER] = { "no master left", NULL, 0,
        "all servers came back as replicas, too long ago for the rules of selection" },
    [MARK_DEMOTION] = { "demotion", "+convert-to-slave", 20, "an old master was made a replica" },
    [MARK_FIX] = { "replica fixed", "+fix-slave-config", 1, "a stray replica was led back" },
    [MARK_REFUSED_DOWN] = { "down, refused", NULL, 20,
        "a master was down for refused connections" },
    [MARK_ODOWN] = { "odown", "+odown", 200, "a quorum held a master for down" },
    [MARK_TILT] = { "tilt", "+tilt", 5, "a vedette stopped trusting its clock" },
    [MARK_CRASH] = { "crash", NULL, 200, "a vedette died" },
    [MARK_CRASH_FORGOT] = { "crash, forgot", NULL, 20, "and lost what was not synced" },
    [MARK_CRASH_IN_ATTEMPT] = { "crash, leading", NULL, 20, "in the middle of an attempt" },
    [MARK_CRASH_IN_EFFECTS] = { "crash, half done", NULL, 20, "between two effects of one step" },
    [MARK_COMMIT_FAILED] = { "commit failed", NULL, 20, "a disk refused a commit" },
    [MARK_STALL] = { "stall", NULL, 50, "a vedette did not run for a while" },
    [MARK_SERVER_KILLED] = { "server killed", NULL, 200, "a data server died" },
    [MARK_SERVER_HUNG] = { "server hung", NULL, 50, "a data server was stopped" },
    [MARK_SERVER_RESTARTED] = { "server restarted", NULL, 50, "a data server was back at once" },
    [MARK_SERVER_WIPED] = { "server wiped", NULL, 10, "one came back with an empty folder" },
    [MARK_FORBIDDEN] = { "forbidden", NULL, 20, "one refused commands to everybody" },
    [MARK_CHAINED] = { "chained", NULL, 10, "a replica was made one of another replica" },
    [MARK_WRITE] = { "write", NULL, 1000, "a write was acknowledged to a client" },
    [MARK_CLIENT_TOLD] = { "client told", NULL, 10, "a client heard of a new master" },
    [MARK_LOST_BEHIND] = { "lost, behind", NULL, 10,
        "an acknowledged write had not reached the replica that was promoted" },
    [MARK_LOST_STALE] = { "lost, stale", NULL, 10, "one was made at a former master" },
    [MARK_LOST_MISHAP] = { "lost, mishap", NULL, 1, "one went with what its server lost" },
    [MARK_LOST_BY_HAND] = { "lost, by hand", NULL, 0, "one was at a master that people left" },
    [MARK_FULL_SYNC] = { "full sync", NULL, 200, "a replica got all the data anew" },
    [MARK_PARTIAL_SYNC] = { "partial sync", NULL, 100, "a replica went on where it was" },
    [MARK_PARTITION] = { "partition", NULL, 50, "hosts lost sight of each other" },
    [MARK_POWER_LOSS] = { "power loss", NULL, 20, "a host went dark without a word" },
    [MARK_SCRIPT] = { "script", NULL, 500, "a script was started" },
    [MARK_SCRIPT_ERROR] = { "script error", "-script-error", 50, "one failed for good" },
    [MARK_SCRIPT_TIMEOUT] = { "script timeout", "-script-timeout", 20, "one ran for too long" },
    [MARK_NAME_RESOLVED] = { "name resolved", NULL, 500, "a host name was resolved" },
    [MARK_NAME_FAILED] = { "name failed", NULL, 50, "one did not resolve, at that time" },
    [MARK_PROMPT] = { "prompt", NULL, 200, "a healing after which nothing had to be waited for" },
    [MARK_QUIET] = { "quiet hour", NULL, 1, "an hour in which nothing happened" },
};

void marks_hit(struct marks *m, enum mark mark) {
    m->counts[mark]++;
}

void marks_event(struct marks *m, const char *event) {
    for (size_t i = 0; i < MARK_COUNT; i++)
        if (mark_table[i].event != NULL && strcmp(mark_table[i].event, event) == 0)
            m->counts[i]++;
}

void marks_add(struct marks *to, const struct marks *from) {
    for (size_t i = 0; i < MARK_COUNT; i++)
        to->counts[i] += from->counts[i];
}
