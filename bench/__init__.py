"""What things cost, as ratios within one run: machines differ, proportions stay."""
