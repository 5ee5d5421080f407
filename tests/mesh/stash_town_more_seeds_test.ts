import { testStashTowns } from "../helpers/stash_town_suite.ts";

testStashTowns([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
