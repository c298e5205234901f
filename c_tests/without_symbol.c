/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/* A shared library that has nothing to do with this one. */

int unrelated(void);

int unrelated(void)
{
    return 1;
}
