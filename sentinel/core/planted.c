#include "sentinel/core/planted.h"

enum planted planted_bug;
