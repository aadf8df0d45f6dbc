"""One Forecaster interface: baselines, XGBoost, LSTMs, fusion, calibration, backtests."""
