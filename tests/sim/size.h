/* How large a world can be. */
#pragma once

#define SIM_VEDETTES_MAX      7
#define SIM_STOCKS_MAX        3 /* besides the vedettes, or alone */
#define SIM_SENTINELS_MAX     (SIM_VEDETTES_MAX + SIM_STOCKS_MAX)
#define SIM_GROUPS_MAX        5
#define SIM_REPLICAS_MAX      6 /* of one group */
#define SIM_GROUP_SERVERS_MAX (SIM_REPLICAS_MAX + 1)
#define SIM_SERVERS_MAX       (SIM_GROUPS_MAX * SIM_GROUP_SERVERS_MAX)
