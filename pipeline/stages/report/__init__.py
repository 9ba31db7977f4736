"""Stage `report`: everything measured, on one page that needs no network; and the seconds of all stages in one file."""
