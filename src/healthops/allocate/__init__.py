"""Linear programs, fairness, the policies people use today, and their replay."""
