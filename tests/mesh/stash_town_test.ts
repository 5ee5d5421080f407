import { testStashTowns } from "../helpers/stash_town_suite.ts";

testStashTowns([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
